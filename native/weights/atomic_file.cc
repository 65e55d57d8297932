#include "weights/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "weights/error.h"

namespace gp::weights {
namespace {

OutputFlaw cannot_write(int error_number) {
  const std::string fault = "the file cannot be written (" + system_message(error_number) + ")";
  switch (error_number) {
    case ENOSPC:
      return {fault, "free some space on this disk and try again; nothing was changed"};
    case EDQUOT:
      return {fault, "free some of your disk quota and try again; nothing was changed"};
    case EFBIG:
      return {fault, "raise the limit on file size and try again; nothing was changed"};
    case ENOENT:
    case ENOTDIR:
      return {fault, "create its directory first"};
    case EISDIR:
      return {fault, "there is a directory of this name, so choose another name"};
    default:
      return {fault, "check that its directory exists and that you may write there"};
  }
}

void sync(const FileDescriptor& file) {
  if (::fsync(file.number()) != 0) throw cannot_write(errno);
}

void sync_directory_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string directory = parent.empty() ? "." : parent.string();
  const FileDescriptor opened(::open(directory.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  // Some file systems cannot sync a directory; the rename has then happened all the same.
  if (opened.valid() && ::fsync(opened.number()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    throw cannot_write(errno);
  }
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  // O_EXCL settles who owns a name when several writers, or what an earlier crash left, are in the way.
  constexpr int kAttempts = 1000;
  for (int attempt = 0; attempt < kAttempts && !file_.valid(); ++attempt) {
    aside_ = path_ + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
    file_ = FileDescriptor(::open(aside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file_.valid() && errno != EEXIST) break;
  }
  if (!file_.valid()) throw cannot_write(errno);
}

AtomicFile::~AtomicFile() {
  if (!aside_.empty()) ::unlink(aside_.c_str());
}

void AtomicFile::write(const void* data, std::size_t size) {
  constexpr std::size_t kChunk = std::size_t{1} << 30;  // one call of write(2) moves 2 GiB at most
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(file_.number(), next, std::min(size, kChunk));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw cannot_write(written < 0 ? errno : ENOSPC);
    next += written;
    size -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  sync(file_);
  if (!file_.close()) throw cannot_write(errno);
  if (std::rename(aside_.c_str(), path_.c_str()) != 0) throw cannot_write(errno);
  aside_.clear();
  sync_directory_of(path_);
}

}  // namespace gp::weights
