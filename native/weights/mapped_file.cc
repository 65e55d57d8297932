#include "weights/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "weights/error.h"
#include "weights/file_descriptor.h"

namespace gp::weights {
namespace {

Flaw cannot(const std::string& verb, int error_number) {
  return {"the file cannot be " + verb + " (" + system_message(error_number) + ")",
          "check the path and that you may read it"};
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  // Without O_NONBLOCK, opening a pipe would wait for someone to write to it.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) throw cannot("opened", errno);
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) throw cannot("inspected", errno);
  if (S_ISDIR(status.st_mode)) {
    throw Flaw("this is a directory, not a weight file", "name the weight file inside it");
  }
  if (!S_ISREG(status.st_mode)) throw Flaw("this is not a regular file", "name a file on disk");
  if (status.st_size == 0) throw Flaw("the file is empty", "copy or download it again");
  size_ = static_cast<std::size_t>(status.st_size);
  address_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.number(), 0);
  if (address_ == MAP_FAILED) throw cannot("mapped into memory", errno);
}

void MappedFile::forget(const void* first, std::size_t count) const {
  const auto begin = reinterpret_cast<std::uintptr_t>(first), end = begin + count;
  const auto mapping = reinterpret_cast<std::uintptr_t>(address_);
  if (begin < mapping || end > mapping + size_) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t from = (begin + page - 1) / page * page, to = end / page * page;
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

MappedFile::~MappedFile() { ::munmap(address_, size_); }

}  // namespace gp::weights
