#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "checks.h"
#include "ops/random_mask.h"

namespace gp::check {
namespace {

constexpr int64_t kSample = 1 << 20;

std::vector<float> mask_of(const MaskKey& key, uint32_t part, double p, int64_t count = kSample) {
  std::vector<float> mask(static_cast<size_t>(count));
  fill_mask(key, part, p, mask.data(), count);
  return mask;
}

/** Share of positions dropped in both masks, in standard deviations off p^2. */
double joint_deviation(const std::vector<float>& a, const std::vector<float>& b, double p, size_t lag = 0) {
  int64_t both = 0;
  const size_t count = a.size() - lag;
  for (size_t i = 0; i < count; ++i) both += a[i + lag] == 0 && b[i] == 0;
  const double q = p * p, n = static_cast<double>(count);
  return std::abs(static_cast<double>(both) - q * n) / std::sqrt(n * q * (1 - q));
}

void check_share(Findings& findings, double p) {
  const double rounded = std::nearbyint(p * 65536) / 65536;
  const auto scale = static_cast<float>(1 / (1 - rounded));
  const std::vector<float> mask = mask_of({1, 0}, 0, p);
  int64_t dropped = 0, kept = 0;
  for (const float value : mask) {
    dropped += value == 0;
    kept += value == scale;
  }
  findings.holds("every value is 0 or 1 / (1 - p)", dropped + kept == kSample);
  const double deviation = std::sqrt(static_cast<double>(kSample) * rounded * (1 - rounded));
  findings.below("share dropped, standard deviations off p",
                 std::abs(static_cast<double>(dropped) - rounded * kSample) / (deviation > 0 ? deviation : 1),
                 4);
}

void check_independence(Findings& findings) {
  const double p = 0.25;
  const MaskKey key{7, 3};
  const auto mask = mask_of(key, 0, p);
  findings.below("parts 0 and 1", joint_deviation(mask, mask_of(key, 1, p), p), 4);
  findings.below("parts 0 and 2^31", joint_deviation(mask, mask_of(key, 1U << 31, p), p), 4);
  findings.below("draws 3 and 4", joint_deviation(mask, mask_of({7, 4}, 0, p), p), 4);
  findings.below("draws 3 and 3 + 2^32",
                 joint_deviation(mask, mask_of({7, (uint64_t{1} << 32) + 3}, 0, p), p), 4);
  findings.below("seeds 7 and 8", joint_deviation(mask, mask_of({8, 3}, 0, p), p), 4);
  findings.below("seeds 7 and 7 + 2^32",
                 joint_deviation(mask, mask_of({(uint64_t{1} << 32) + 7, 3}, 0, p), p), 4);
  for (const size_t lag : {1, 2, 7, 8, 16, 64, 127, 128, 129, 4096}) {
    findings.below("values " + std::to_string(lag) + " apart", joint_deviation(mask, mask, p, lag), 4);
  }
}

void check_sameness(Findings& findings) {
  const MaskKey key{11, 5};
  const auto mask = mask_of(key, 9, 0.1);
  findings.holds("the same key gives the same mask", mask == mask_of(key, 9, 0.1));
  findings.holds("another part gives another", mask != mask_of(key, 10, 0.1));
  findings.holds("another draw gives another", mask != mask_of({11, 6}, 9, 0.1));
  findings.holds("another seed gives another", mask != mask_of({12, 5}, 9, 0.1));
  // The plain way, beside the one through registers.
  bool same = true;
  constexpr uint64_t kLarge = 0xFEDCBA9876543210;
  for (const MaskKey& one : {key, MaskKey{kLarge, 5}, MaskKey{11, kLarge}, MaskKey{kLarge, kLarge}}) {
    for (const uint32_t part : {0U, 9U, 0xFFFFFFF0U}) {
      const auto in_float = mask_of(one, part, 0.3, 5000);
      std::vector<double> in_double(in_float.size());
      fill_mask(one, part, 0.3, in_double.data(), static_cast<int64_t>(in_double.size()));
      for (size_t i = 0; i < in_float.size(); ++i)
        same = same && in_float[i] == static_cast<float>(in_double[i]);
    }
  }
  findings.holds("float and double are the same", same);
}

void check_counts(Findings& findings) {
  constexpr int64_t kMost = 300;
  const MaskKey key{2, 2};
  const auto whole = mask_of(key, 0, 0.5, kMost);
  bool prefix = true, inside = true;
  for (int64_t count = 0; count < kMost; ++count) {
    std::vector<float> mask(static_cast<size_t>(count) + 1, -1.0F);
    fill_mask(key, 0, 0.5, mask.data(), count);
    inside = inside && mask.back() == -1.0F;
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) prefix = prefix && mask[i] == whole[i];
  }
  findings.holds("a shorter mask is the beginning of a longer one", prefix);
  findings.holds("nothing is written behind the last value", inside);
}

void check_stream(Findings& findings) {
  RandomStream stream{42, 0};
  const MaskKey first = draw_mask(stream), second = draw_mask(stream);
  findings.holds("keys carry the seed and count up", first.seed == 42 && second.seed == 42 &&
                                                         first.draw == 0 && second.draw == 1 &&
                                                         stream.draws == 2);
}

}  // namespace

void check_random_mask(Report& report) {
  report.run("random mask: from the middle of a part", [](Findings& findings) {
    const MaskKey key{5, 9};
    const auto whole = mask_of(key, 4, 0.3, 1000);
    bool same = true;
    for (const int64_t first : {0, 1, 127, 128, 129, 640, 999}) {
      for (const int64_t count : {0, 1, 100, 128, 300}) {
        std::vector<float> part(static_cast<size_t>(count));
        fill_mask_from(key, 4, 0.3, first, count, part.data());
        for (int64_t i = 0; i < std::min(count, 1000 - first); ++i)
          same = same && part[static_cast<size_t>(i)] == whole[static_cast<size_t>(first + i)];
      }
    }
    findings.holds("the same values", same);
  });
  for (const double p : {0.0, 0.001, 0.1, 0.5, 0.9}) {
    report.run("random mask: p = " + std::to_string(p),
               [p](Findings& findings) { check_share(findings, p); });
  }
  report.run("random mask: parts, draws, seeds and neighbours are independent", check_independence);
  report.run("random mask: a function of its key", check_sameness);
  report.run("random mask: every count", check_counts);
  report.run("random stream: draws", check_stream);
}

}  // namespace gp::check
