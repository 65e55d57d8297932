#include "model/recomputation.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <mutex>
#include <utility>

namespace gp {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/** The state of LibTorch's own generator of a CUDA device, from which dropout draws there; undefined
 * elsewhere. */
at::Tensor cuda_random_state(const at::Device& device) {
  if (!device.is_cuda()) return {};
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return generator.get_state();
}

/** Puts that generator into another state until it ends; does nothing where there is none. */
class CudaRandomState {
 public:
  CudaRandomState(const at::Device& device, const at::Tensor& state)
      : device_(device), before_(cuda_random_state(device)) {
    set(state);
  }
  ~CudaRandomState() { set(before_); }
  CudaRandomState(const CudaRandomState&) = delete;
  CudaRandomState& operator=(const CudaRandomState&) = delete;

 private:
  void set(const at::Tensor& state) {
    if (!state.defined()) return;
    at::Generator generator = at::globalContext().defaultGenerator(device_);
    const std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(state);
  }

  at::Device device_;
  at::Tensor before_;
};

/** A block with the random state that it began with. */
struct Recomputation : torch::CustomClassHolder {
  Recomputation(Block block_in, ForwardMode mode_in) : block(std::move(block_in)), mode(mode_in) {
    if (mode.random != nullptr) stream = *mode.random;
  }

  /** With the random state of then, and no effect on that of now. */
  at::Tensor again(const at::Tensor& x) const {
    RandomStream same = stream;
    const CudaRandomState same_on_cuda(x.device(), cuda_state);
    ForwardMode again = mode;
    again.random = &same;
    return block(x, again);
  }

  Block block;
  ForwardMode mode;
  RandomStream stream;
  at::Tensor cuda_state;
};

struct RecomputedFunction : torch::autograd::Function<RecomputedFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, at::TensorList parameters,
                            const c10::intrusive_ptr<Recomputation>& recomputation) {
    variable_list saved{x};
    saved.insert(saved.end(), parameters.begin(), parameters.end());
    context->save_for_backward(std::move(saved));
    context->saved_data["recomputation"] = c10::IValue::make_capsule(recomputation);
    recomputation->cuda_state = cuda_random_state(x.device());
    return recomputation->block(x, recomputation->mode);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    variable_list inputs = context->get_saved_variables();
    inputs[0] = inputs[0].detach().requires_grad_(context->needs_input_grad(0));
    const auto recomputation =
        c10::static_intrusive_pointer_cast<Recomputation>(context->saved_data["recomputation"].toCapsule());
    variable_list wanted;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (context->needs_input_grad(i)) wanted.push_back(inputs[i]);
    }
    variable_list found;
    {
      at::AutoGradMode with_graph(true);
      found = torch::autograd::grad({recomputation->again(inputs[0])}, wanted, {gradients[0]});
    }
    variable_list result(inputs.size() + 1);  // the last is for the argument that is no tensor
    auto next = found.begin();
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (context->needs_input_grad(i)) result[i] = *next++;
    }
    return result;
  }
};

}  // namespace

at::Tensor recomputed(const at::Tensor& x, const std::vector<at::Tensor>& parameters, ForwardMode mode,
                      Block block) {
  return RecomputedFunction::apply(x, at::TensorList(parameters),
                                   c10::make_intrusive<Recomputation>(std::move(block), mode));
}

}  // namespace gp
