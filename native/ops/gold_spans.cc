#include "ops/gold_spans.h"

#include <algorithm>
#include <map>

#include "ops/upload.h"

namespace gp {
namespace {

using Cell = GoldSpans::Cell;

/** The four spans around one, a token off at one end, that lie between the special tokens. */
std::vector<Cell> neighbours(const Cell& span, int64_t length) {
  std::vector<Cell> found;
  for (const Cell& cell : {Cell{span.start - 1, span.end}, Cell{span.start + 1, span.end},
                           Cell{span.start, span.end - 1}, Cell{span.start, span.end + 1}}) {
    if (cell.start >= 1 && cell.start <= cell.end && cell.end < length - 1) found.push_back(cell);
  }
  return found;
}

}  // namespace

std::vector<int32_t> gold_places(const GoldSpans& gold, size_t room) {
  std::vector<int32_t> places(gold.starts.begin(), gold.starts.end());
  const size_t groups = places.size();
  places.resize(groups + 2 * room);
  for (size_t i = 0; i < gold.cells.size(); ++i) {
    places[groups + i] = static_cast<int32_t>(gold.cells[i].start);
    places[groups + room + i] = static_cast<int32_t>(gold.cells[i].end);
  }
  return places;
}

GoldSpans::There gold_on(const GoldSpans& gold, const at::Device& device) {
  if (gold.there) return *gold.there;
  std::vector<double> targets;
  for (const Cell& cell : gold.cells) targets.push_back(cell.target);
  return {uploaded(gold_places(gold, gold.cells.size()), device), uploaded(targets, device)};
}

GoldSpans group_gold_spans(int64_t sequences, int64_t types, const std::vector<int32_t>& sequence,
                           const std::vector<int32_t>& type, const std::vector<int32_t>& start,
                           const std::vector<int32_t>& end) {
  std::vector<std::vector<Cell>> groups(static_cast<size_t>(sequences * types));
  for (size_t i = 0; i < sequence.size(); ++i) {
    groups[static_cast<size_t>(sequence[i] * types + type[i])].push_back({start[i], end[i]});
  }
  GoldSpans gold;
  gold.starts.push_back(0);
  for (auto& group : groups) {
    std::sort(group.begin(), group.end());
    group.erase(std::unique(group.begin(), group.end()), group.end());
    gold.cells.insert(gold.cells.end(), group.begin(), group.end());
    gold.starts.push_back(static_cast<int64_t>(gold.cells.size()));
  }
  return gold;
}

GoldSpans smooth_boundaries(const GoldSpans& gold, const Sequences& sequences, int64_t types,
                            double epsilon) {
  GoldSpans smoothed;
  smoothed.starts.push_back(0);
  for (size_t group = 0; group + 1 < gold.starts.size(); ++group) {
    const int64_t length = sequences.length(static_cast<int64_t>(group) / types);
    std::map<Cell, double> targets;
    for (int64_t i = gold.starts[group]; i < gold.starts[group + 1]; ++i) {
      const Cell& span = gold.cells[static_cast<size_t>(i)];
      const auto around = neighbours(span, length);
      for (const Cell& cell : around) targets[cell] += epsilon / 4;
      targets[span] += 1 - static_cast<double>(around.size()) * epsilon / 4;
    }
    for (const auto& [cell, target] : targets) {
      if (target > 0) smoothed.cells.push_back({cell.start, cell.end, std::min(target, 1.0)});
    }
    smoothed.starts.push_back(static_cast<int64_t>(smoothed.cells.size()));
  }
  return smoothed;
}

GoldSpans doubled(const GoldSpans& gold) {
  GoldSpans twice = gold;
  const int64_t count = gold.starts.back();
  twice.cells.insert(twice.cells.end(), gold.cells.begin(), gold.cells.end());
  for (size_t group = 1; group < gold.starts.size(); ++group) {
    twice.starts.push_back(count + gold.starts[group]);
  }
  return twice;
}

}  // namespace gp
