#include "recording/hdf5_driver.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace bnsyn::hdf5 {
namespace {

// What HDF5 hands back to the functions of the driver: it knows the first member.
struct CheckedFile {
  H5FD_t known;
  int descriptor;
  haddr_t size;
  haddr_t end;  // of what HDF5 has allocated
  bool writes;
  bool failed;  // the system refused to write
};

CheckedFile& Of(H5FD_t* file) { return *reinterpret_cast<CheckedFile*>(file); }
const CheckedFile& Of(const H5FD_t* file) { return *reinterpret_cast<const CheckedFile*>(file); }

H5FD_t* OpenWith(const char* name, int flags) {
  const int descriptor = ::open(name, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0666);
  if (descriptor < 0) return nullptr;
  struct stat status = {};
  CheckedFile* file = nullptr;
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    file = new (std::nothrow) CheckedFile();
  }
  if (file == nullptr) {
    ::close(descriptor);
    return nullptr;
  }
  file->descriptor = descriptor;
  file->size = static_cast<haddr_t>(status.st_size);
  file->writes = flags != O_RDONLY;
  return &file->known;
}

H5FD_t* Open(const char* name, unsigned, hid_t, haddr_t) { return OpenWith(name, O_RDONLY); }
H5FD_t* Create(const char* name, unsigned, hid_t, haddr_t) {
  return OpenWith(name, O_RDWR | O_CREAT | O_TRUNC);
}

herr_t Close(H5FD_t* file) {
  ::close(Of(file).descriptor);
  delete &Of(file);
  return 0;
}

// Of files that are read no features: nothing is kept, so that each read comes to Read. In those
// that are written small pieces come together.
herr_t Query(const H5FD_t* file, unsigned long* features) {
  if (features == nullptr) return 0;
  const bool writes = file != nullptr && Of(file).writes;
  *features = writes ? H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA |
                           H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA
                     : 0;
  return 0;
}

haddr_t End(const H5FD_t* file, H5FD_mem_t) { return Of(file).end; }
herr_t SetEnd(H5FD_t* file, H5FD_mem_t, haddr_t end) {
  Of(file).end = end;
  return 0;
}
haddr_t Size(const H5FD_t* file, H5FD_mem_t) { return Of(file).size; }

herr_t Read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t place, size_t size, void* buffer) {
  const CheckedFile& checked = Of(file);
  char* bytes = static_cast<char*>(buffer);
  if (place > checked.size || size > checked.size - place) {
    if (!checked.writes) return -1;
    // What was never written is 0.
    const haddr_t there = place > checked.size ? 0 : checked.size - place;
    std::memset(bytes + there, 0, size - there);
    size = there;
  }
  while (size > 0) {
    const ssize_t count = ::pread(checked.descriptor, bytes, size, static_cast<off_t>(place));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 && checked.failed) {
      std::memset(bytes, 0, size);
      return 0;
    }
    if (count <= 0) return -1;
    bytes += count;
    place += static_cast<haddr_t>(count);
    size -= static_cast<size_t>(count);
  }
  return 0;
}

// What ReadBytes finds the file by.
herr_t GetHandle(H5FD_t* file, hid_t, void** handle) {
  *handle = file;
  return 0;
}

// Tells HDF5 that all is well also where the system refuses: HDF5 1.10 cannot close a file that it
// cannot write, and ends the process later. HasFailed tells what happened.
herr_t Write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t place, size_t size, const void* buffer) {
  CheckedFile& checked = Of(file);
  if (!checked.writes) return -1;
  const char* bytes = static_cast<const char*>(buffer);
  while (size > 0 && !checked.failed) {
    const ssize_t count = ::pwrite(checked.descriptor, bytes, size, static_cast<off_t>(place));
    if (count < 0 && errno == EINTR) continue;
    checked.failed = count <= 0;
    if (checked.failed) break;
    bytes += count;
    place += static_cast<haddr_t>(count);
    size -= static_cast<size_t>(count);
    checked.size = std::max(checked.size, place);
  }
  return 0;
}

herr_t Truncate(H5FD_t* file, hid_t, hbool_t) {
  CheckedFile& checked = Of(file);
  if (!checked.writes || checked.failed || checked.size == checked.end) return 0;
  checked.failed = ::ftruncate(checked.descriptor, static_cast<off_t>(checked.end)) != 0;
  if (!checked.failed) checked.size = checked.end;
  return 0;
}

// The properties of access by this driver. HDF5 copies the description, and holds the driver while
// a file is open.
Handle Access(H5FD_t* (*open)(const char*, unsigned, hid_t, haddr_t)) {
  H5FD_class_t driver = {};
  driver.name = "bnsyn_checked";
  driver.maxaddr = (haddr_t{1} << 62) - 1;
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.open = open;
  driver.close = &Close;
  driver.query = &Query;
  driver.get_eoa = &End;
  driver.set_eoa = &SetEnd;
  driver.get_eof = &Size;
  driver.get_handle = &GetHandle;
  driver.read = &Read;
  driver.write = &Write;
  driver.truncate = &Truncate;
  const Handle registered(H5FDregister(&driver), &H5FDunregister);
  Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
  if (!registered.ok() || !access.ok() ||
      H5Pset_driver(access.id(), registered.id(), nullptr) < 0) {
    return {};
  }
  return access;
}

}  // namespace

Handle OpenFile(const std::string& path) {
  const Handle access = Access(&Open);
  if (!access.ok()) return {};
  return {H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), &H5Fclose};
}

Handle CreateFile(const std::string& path) {
  const Handle access = Access(&Create);
  if (!access.ok()) return {};
  return {H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), &H5Fclose};
}

bool HasFailed(const Handle& file) {
  void* handle = nullptr;
  return H5Fget_vfd_handle(file.id(), H5P_DEFAULT, &handle) < 0 ||
         Of(static_cast<H5FD_t*>(handle)).failed;
}

bool ReadBytes(const Handle& file, uint64_t place, size_t size, char* bytes) {
  void* handle = nullptr;
  if (H5Fget_vfd_handle(file.id(), H5P_DEFAULT, &handle) < 0) return false;
  auto* const known = static_cast<H5FD_t*>(handle);
  // Places count from behind what a user has put before the file.
  if (place > UINT64_MAX - known->base_addr) return false;
  return Read(known, H5FD_MEM_DEFAULT, H5P_DEFAULT, place + known->base_addr, size, bytes) >= 0;
}

}  // namespace bnsyn::hdf5
