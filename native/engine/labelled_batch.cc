#include "engine/labelled_batch.h"

#include <algorithm>
#include <sstream>

namespace gp {
namespace {

/** The sequences from `first` to before `end`. */
LabelledBatch part_of(const LabelledBatch& whole, int64_t first, int64_t end, int64_t types) {
  const Sequences& sequences = whole.batch.sequences;
  const int64_t begin = sequences.begin(first), tokens = sequences.begin(end) - begin;
  const auto slice = [&](const std::vector<int32_t>& values) {
    return values.empty() ? values
                          : std::vector<int32_t>(values.begin() + begin, values.begin() + begin + tokens);
  };
  LabelledBatch part;
  part.batch.input_ids = slice(whole.batch.input_ids);
  part.batch.token_type_ids = slice(whole.batch.token_type_ids);
  std::vector<int64_t> starts;
  for (int64_t b = first; b <= end; ++b) starts.push_back(sequences.begin(b) - begin);
  part.batch.sequences = Sequences(std::move(starts));
  const auto& from = whole.gold.starts;
  const int64_t cells = from[static_cast<size_t>(first * types)];
  for (int64_t group = first * types; group <= end * types; ++group)
    part.gold.starts.push_back(from[static_cast<size_t>(group)] - cells);
  part.gold.cells.assign(whole.gold.cells.begin() + cells,
                         whole.gold.cells.begin() + from[static_cast<size_t>(end * types)]);
  return part;
}

}  // namespace

std::vector<LabelledBatch> in_parts(const std::vector<LabelledBatch>& batches, int64_t most, int64_t types) {
  std::vector<LabelledBatch> parts;
  for (const auto& whole : batches) {
    const int64_t count = whole.batch.sequences.count();
    for (int64_t first = 0; first < count; first += most)
      parts.push_back(part_of(whole, first, std::min(first + most, count), types));
  }
  return parts;
}

int64_t most_sequences(const std::vector<LabelledBatch>& batches) {
  int64_t most = 0;
  for (const auto& labelled : batches) most = std::max(most, labelled.batch.sequences.count());
  return most;
}

std::string size_in_words(const Batch& batch) {
  std::ostringstream text;
  const int64_t count = batch.sequences.count();
  text << count << (count == 1 ? " sequence of " : " sequences, the longest of ") << batch.sequences.longest()
       << " tokens";
  if (count > 1) text << ", " << batch.sequences.total() << " tokens in all";
  return text.str();
}

}  // namespace gp
