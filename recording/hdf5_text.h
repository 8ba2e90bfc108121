// Texts of variable length in files of HDF5 that may be damaged.
#ifndef BNSYN_RECORDING_HDF5_TEXT_H_
#define BNSYN_RECORDING_HDF5_TEXT_H_

#include <optional>
#include <string>

#include "recording/hdf5.h"

namespace bnsyn::hdf5 {

// The text of an attribute that holds one of variable length, in a file of OpenFile; nullopt if the
// file is damaged. Such texts lie in heaps of the file, whose sizes HDF5 1.10 believes: damaged
// ones make it write beyond its memory or run for ever. Here they are read without it.
std::optional<std::string> ReadVariableText(const Handle& attribute);

}  // namespace bnsyn::hdf5

#endif  // BNSYN_RECORDING_HDF5_TEXT_H_
