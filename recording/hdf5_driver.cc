#include "recording/hdf5_driver.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace bnsyn::hdf5 {
namespace {

// What HDF5 hands back to the functions of the driver: it knows the first member.
struct CheckedFile {
  H5FD_t known;
  int descriptor;
  haddr_t size;
  haddr_t end;  // of what HDF5 has allocated
};

CheckedFile& Of(H5FD_t* file) { return *reinterpret_cast<CheckedFile*>(file); }
const CheckedFile& Of(const H5FD_t* file) { return *reinterpret_cast<const CheckedFile*>(file); }

H5FD_t* Open(const char* name, unsigned, hid_t, haddr_t) {
  const int descriptor = ::open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
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
  return &file->known;
}

herr_t Close(H5FD_t* file) {
  ::close(Of(file).descriptor);
  delete &Of(file);
  return 0;
}

// No features: nothing is kept, so that each read comes to Read.
herr_t Query(const H5FD_t*, unsigned long* features) {
  if (features != nullptr) *features = 0;
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
  if (place > checked.size || size > checked.size - place) return -1;
  char* bytes = static_cast<char*>(buffer);
  while (size > 0) {
    const ssize_t count = ::pread(checked.descriptor, bytes, size, static_cast<off_t>(place));
    if (count < 0 && errno == EINTR) continue;
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

herr_t RefuseToWrite(H5FD_t*, H5FD_mem_t, hid_t, haddr_t, size_t, const void*) { return -1; }

}  // namespace

Handle OpenFile(const std::string& path) {
  H5FD_class_t driver = {};
  driver.name = "bnsyn_checked";
  driver.maxaddr = (haddr_t{1} << 62) - 1;
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.open = &Open;
  driver.close = &Close;
  driver.query = &Query;
  driver.get_eoa = &End;
  driver.set_eoa = &SetEnd;
  driver.get_eof = &Size;
  driver.get_handle = &GetHandle;
  driver.read = &Read;
  driver.write = &RefuseToWrite;
  // HDF5 copies the description, and holds the driver while the file is open.
  const Handle registered(H5FDregister(&driver), &H5FDunregister);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
  if (!registered.ok() || !access.ok() ||
      H5Pset_driver(access.id(), registered.id(), nullptr) < 0) {
    return {};
  }
  return {H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), &H5Fclose};
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
