// Opens files of HDF5 that may be damaged, and makes files on disks that may be full.
#ifndef BNSYN_RECORDING_HDF5_DRIVER_H_
#define BNSYN_RECORDING_HDF5_DRIVER_H_

#include <string>

#include "recording/hdf5.h"

namespace bnsyn::hdf5 {

// The file, to be read. HDF5's own drivers keep a piece of the file and copy from it by places that
// a damaged file names, which ends the process; here every place is checked.
Handle OpenFile(const std::string& path);
// A new file, in the place of one that is there. Where the system refuses to write to it, HDF5 is
// not told and goes on; HasFailed is.
Handle CreateFile(const std::string& path);
bool HasFailed(const Handle& file);
// Reads so many bytes from a place of a file of OpenFile. False if they are not all within it.
bool ReadBytes(const Handle& file, uint64_t place, size_t size, char* bytes);

}  // namespace bnsyn::hdf5

#endif  // BNSYN_RECORDING_HDF5_DRIVER_H_
