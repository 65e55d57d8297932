#include "weights/zip_directory.h"

#include <algorithm>
#include <limits>

#include "weights/byte_cursor.h"
#include "weights/crc32.h"
#include "weights/error.h"

// The format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3 and 4.5.

namespace gp::weights {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;
constexpr std::uint64_t kEndSize = 22;
constexpr std::uint64_t kEnd64LocatorSize = 20;
constexpr std::uint64_t kLongestComment = std::numeric_limits<std::uint16_t>::max();
constexpr std::uint16_t kEncrypted = 1;
constexpr std::uint16_t kExtra64 = 1;
// In a field of 32 bits: the value is in the 64-bit extension.
constexpr std::uint32_t kInExtension = std::numeric_limits<std::uint32_t>::max();

struct DirectoryRange {
  std::uint64_t offset;
  std::uint64_t size;
};

/** Looks backwards for the end record, whose comment must reach to the end of the file. */
std::uint64_t find_end_record(std::string_view archive) {
  if (archive.size() >= kEndSize) {
    const std::uint64_t last = archive.size() - kEndSize;
    const std::uint64_t first = last - std::min(last, kLongestComment);
    for (std::uint64_t at = last + 1; at-- > first;) {
      ByteCursor cursor(archive, "the zip directory", at);
      if (cursor.read<std::uint32_t>() != kEnd) continue;
      cursor.skip(16);
      if (cursor.read<std::uint16_t>() == cursor.remaining()) return at;
    }
  }
  throw Flaw("the zip archive has no directory at its end, so its end is missing");
}

DirectoryRange find_directory(std::string_view archive) {
  const std::uint64_t end_record = find_end_record(archive);
  ByteCursor end(archive, "the zip directory", end_record + 12);
  const auto size = end.read<std::uint32_t>();
  const auto offset = end.read<std::uint32_t>();
  if (end_record >= kEnd64LocatorSize) {
    ByteCursor locator(archive, "the zip directory", end_record - kEnd64LocatorSize);
    if (locator.read<std::uint32_t>() == kEnd64Locator) {
      locator.skip(4);
      ByteCursor end64(archive, "the zip directory", locator.read<std::uint64_t>());
      if (end64.read<std::uint32_t>() != kEnd64)
        throw Flaw("the 64-bit end record of the zip archive is missing");
      end64.skip(36);
      const auto size64 = end64.read<std::uint64_t>();
      return {end64.read<std::uint64_t>(), size64};
    }
  }
  return {offset, size};
}

/** Replaces the fields that say so by their 64-bit values, which come in a fixed order in the extra field. */
void read_extension(std::string_view extra, std::uint64_t& size, std::uint64_t& compressed_size,
                    std::uint64_t& header) {
  ByteCursor fields(extra, "an extra field of the zip directory");
  while (fields.remaining() >= 4) {
    const auto id = fields.read<std::uint16_t>();
    ByteCursor field(fields.take(fields.read<std::uint16_t>()), "the 64-bit field of the zip directory");
    if (id != kExtra64) continue;
    for (std::uint64_t* value : {&size, &compressed_size, &header}) {
      if (*value == kInExtension) *value = field.read<std::uint64_t>();
    }
    return;
  }
}

}  // namespace

ZipDirectory::ZipDirectory(std::string_view archive) : archive_(archive) {
  const DirectoryRange range = find_directory(archive);
  ByteCursor whole(archive, "the zip directory", range.offset);
  ByteCursor cursor(whole.take(range.size), "the zip directory");
  while (cursor.remaining() > 0) {
    if (cursor.read<std::uint32_t>() != kCentralHeader) throw Flaw("the zip directory has a damaged entry");
    cursor.skip(4);  // versions
    Member member{};
    member.flags = cursor.read<std::uint16_t>();
    member.method = cursor.read<std::uint16_t>();
    cursor.skip(4);  // time, date
    member.checksum = cursor.read<std::uint32_t>();
    member.compressed_size = cursor.read<std::uint32_t>();
    member.size = cursor.read<std::uint32_t>();
    const auto name_size = cursor.read<std::uint16_t>();
    const auto extra_size = cursor.read<std::uint16_t>();
    const auto comment_size = cursor.read<std::uint16_t>();
    cursor.skip(8);  // disk, attributes
    member.header = cursor.read<std::uint32_t>();
    const std::string name(cursor.take(name_size));
    read_extension(cursor.take(extra_size), member.size, member.compressed_size, member.header);
    cursor.skip(comment_size);
    if (members_.empty()) prefix_ = name.substr(0, name.find('/') + 1);
    if (!members_.emplace(name, member).second)
      throw Flaw("the zip archive has two members " + in_quotes(name));
  }
}

std::string_view ZipDirectory::content(const std::string& name) const {
  const auto found = members_.find(name);
  const std::string shown = in_quotes(name);
  if (found == members_.end()) throw Flaw("the zip archive has no member " + shown);
  const Member& member = found->second;
  if (member.method != 0 || (member.flags & kEncrypted) != 0) {
    throw Flaw("member " + shown + " of the zip archive is compressed or encrypted",
               "save the weights again with torch.save, which does neither");
  }
  if (member.size != member.compressed_size)
    throw Flaw("member " + shown + " of the zip archive has two sizes");
  ByteCursor cursor(archive_, "member " + shown + " of the zip archive", member.header);
  if (cursor.read<std::uint32_t>() != kLocalHeader)
    throw Flaw("member " + shown + " of the zip archive is damaged");
  cursor.skip(22);
  const auto name_size = cursor.read<std::uint16_t>();
  const auto extra_size = cursor.read<std::uint16_t>();
  if (cursor.take(name_size) != name) throw Flaw("member " + shown + " of the zip archive has two names");
  cursor.skip(extra_size);
  const std::string_view content = cursor.take(member.size);
  // torch.save leaves the checksum at zero when it is told not to compute any.
  if (member.checksum != 0 && crc32(content) != member.checksum) {
    throw Flaw("member " + shown + " of the zip archive does not match its checksum");
  }
  return content;
}

}  // namespace gp::weights
