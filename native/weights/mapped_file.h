#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gp::weights {

/**
 * A whole file in memory, read page by page as it is touched. Pages that someone writes to are copied first,
 * so the file itself never changes. Replacing the file by renaming another over it leaves the mapping as it
 * was.
 */
class MappedFile {
 public:
  /** Throws Flaw when `path` cannot be opened, is not a regular file, or is empty. */
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {static_cast<const char*>(address_), size_}; }
  std::uint64_t size() const { return size_; }
  /**
   * Gives back the memory of the whole pages between; what is touched again is read from the file again,
   * without what was written to it. Bytes that are not of this mapping are left alone.
   */
  void forget(const void* first, std::size_t count) const;

 private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace gp::weights
