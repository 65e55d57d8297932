#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/span_loss.h"
#include "ops/span_inputs_cuda.h"
#include "ops/span_loss.h"

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** @param tasks (sequence, type) */
kernels::GoldInputs gold_inputs(const GoldSpans::There& gold, int64_t tasks) {
  const int32_t* starts = numbers<const int32_t>(gold.places);
  const int64_t spans = gold.targets.size(0);
  return {starts, starts + tasks + 1, starts + tasks + 1 + spans, numbers<const double>(gold.targets),
          static_cast<int32_t>(spans)};
}

struct RoomTensors {
  RoomTensors(int64_t tasks, int64_t tiles, int64_t spans, const at::TensorOptions& options)
      : tile_maxima(at::empty({tasks, tiles, tiles}, options)),
        tile_sums(at::empty({tasks, tiles, tiles}, options)),
        gold_scores(at::empty({spans}, options)),
        logarithms(at::empty({2, tasks}, options)),
        losses(at::empty({tasks}, options.dtype(at::kDouble))),
        loss(at::empty({}, options)) {}

  template <typename R>
  kernels::SpanLossRoom<R> as() const {
    R* const both = numbers<R>(logarithms);
    return {numbers<R>(tile_maxima),   numbers<R>(tile_sums),   numbers<R>(gold_scores), both,
            both + logarithms.size(1), numbers<double>(losses), numbers<R>(loss)};
  }

  at::Tensor tile_maxima, tile_sums, gold_scores, logarithms, losses, loss;
};

struct LossWithGradients {
  at::Tensor loss;
  at::Tensor by_query_key, by_bias;
};

LossWithGradients computed(const SpanTensors& in, const GoldSpans& gold_spans, bool wants_gradient) {
  const c10::DeviceGuard guard(in.query_key.device());
  const at::TensorOptions options = in.query_key.options().dtype(real_type(in.query_key));
  const int64_t tasks = in.sequences->count() * in.types;
  const GoldSpans::There there = gold_on(gold_spans, in.query_key.device());
  const kernels::GoldInputs gold = gold_inputs(there, tasks);
  const RoomTensors room(tasks, kernels::tiles_of(static_cast<int32_t>(in.sequences->longest())), gold.spans,
                         options);
  LossWithGradients result{room.loss, {}, {}};
  with_storage(in.query_key, [&](auto tag) {
    using Storage = typename decltype(tag)::type;
    using R = kernels::Real<Storage>;
    const kernels::Stream stream = stream_of(in.query_key);
    kernels::span_loss(in.as<Storage>(), gold, room.as<R>(), stream);
    if (!wants_gradient) return;
    // Tokens that pad a step that is recorded have no gradient, and no block of their own.
    result.by_query_key =
        in.sequences->are_known_there() ? at::zeros_like(in.query_key) : at::empty_like(in.query_key);
    if (in.bias.defined()) result.by_bias = at::zeros(in.bias.sizes(), options);
    kernels::span_loss_backward(in.as<Storage>(), gold, room.as<R>(), numbers<Storage>(result.by_query_key),
                                numbers<R>(result.by_bias), stream);
  });
  return result;
}

/** The gradient is made in the forward pass, after which neither factors nor scores are needed. */
struct SpanLossCudaFunction : torch::autograd::Function<SpanLossCudaFunction> {
  /** @param bias of no elements where there is none */
  static at::Tensor forward(AutogradContext* context, const at::Tensor& query_key, const at::Tensor& bias,
                            const SpanFactors& kind, const Sequences& sequences, const GoldSpans& gold,
                            SpanCells cells, bool wants_gradient) {
    const SpanTensors in(like(kind, {query_key, bias.numel() > 0 ? bias : at::Tensor(), {}}), sequences,
                         cells);
    const LossWithGradients result = computed(in, gold, wants_gradient);
    if (wants_gradient) {
      context->saved_data["query_key"] = result.by_query_key;
      if (result.by_bias.defined()) context->saved_data["bias"] = result.by_bias.to(bias.scalar_type());
    }
    return result.loss;
  }

  static variable_list backward(AutogradContext* context, const variable_list& incoming) {
    variable_list gradients(7);
    gradients[0] = context->saved_data["query_key"].toTensor() * incoming[0];
    const auto bias = context->saved_data.find("bias");
    if (bias != context->saved_data.end()) gradients[1] = bias->second.toTensor() * incoming[0];
    return gradients;
  }
};

}  // namespace

at::Tensor span_loss_cuda(const SpanFactors& factors, const Sequences& sequences, const GoldSpans& gold,
                          SpanCells cells) {
  if (!has_span_kernels(factors)) return span_loss_reference(factors, sequences, gold, cells);
  const FactorTensors tensors = tensors_of(factors);
  const bool has_bias = tensors[1].defined();
  const bool wants_gradient =
      at::GradMode::is_enabled() && (tensors[0].requires_grad() || (has_bias && tensors[1].requires_grad()));
  return SpanLossCudaFunction::apply(tensors[0], has_bias ? tensors[1] : at::empty({0}, tensors[0].options()),
                                     factors, sequences, gold, cells, wants_gradient);
}

}  // namespace gp
