// Opens files of HDF5 that may be damaged.
#ifndef BNSYN_RECORDING_HDF5_DRIVER_H_
#define BNSYN_RECORDING_HDF5_DRIVER_H_

#include <string>

#include "recording/hdf5.h"

namespace bnsyn::hdf5 {

// The file, to be read. HDF5's own drivers keep a piece of the file and copy from it by places that
// a damaged file names, which ends the process; here every place is checked.
Handle OpenFile(const std::string& path);

}  // namespace bnsyn::hdf5

#endif  // BNSYN_RECORDING_HDF5_DRIVER_H_
