#pragma once

#include <functional>

namespace gp {

/** What a function starts on a device, recorded to be started again as a whole: on CUDA a CUDA graph. */
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  /** Records, without anything being computed. The function must not wait for the device, nor copy from the
   * host. */
  virtual void record(const std::function<void()>& work) = 0;
  /** Computes what was recorded, with whatever the tensors that it reads hold now. */
  virtual void replay() = 0;
};

}  // namespace gp
