#pragma once

#include <cstddef>
#include <string>

#include "weights/file_descriptor.h"

namespace gp::weights {

/**
 * A file that appears under its name whole or not at all. Bytes go to a file beside it; commit() brings them
 * safely to disk and renames. Without commit() nothing is left behind, and what was there before stays as it
 * was. Every failure throws OutputFlaw.
 */
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t size);
  void commit();

 private:
  std::string path_;
  std::string aside_;
  FileDescriptor file_;
};

}  // namespace gp::weights
