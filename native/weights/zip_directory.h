#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace gp::weights {

/**
 * Where the members of a zip archive lie. Members must be stored as they are, which is what torch.save does:
 * so their bytes can be used in place, and no archive can claim more than the file has.
 */
class ZipDirectory {
 public:
  /** Reads the directory at the end of `archive`, which must outlive this; throws Flaw. */
  explicit ZipDirectory(std::string_view archive);

  /**
   * The content of the member of this name, a part of the archive. Throws Flaw when there is none, when it
   * does not lie within the file or when it does not match its checksum.
   */
  std::string_view content(const std::string& name) const;
  bool contains(const std::string& name) const { return members_.contains(name); }
  /** The one directory, with its slash, that PyTorch puts all members of an archive into. */
  const std::string& prefix() const { return prefix_; }

 private:
  struct Member {
    std::uint16_t flags;
    std::uint16_t method;
    std::uint32_t checksum;
    std::uint64_t compressed_size;
    std::uint64_t size;
    std::uint64_t header;  // offset of the local header
  };

  std::string_view archive_;
  std::string prefix_;
  std::map<std::string, Member, std::less<>> members_;
};

}  // namespace gp::weights
