#pragma once

#include <c10/core/Device.h>

#include <string>

namespace gp {

/**
 * The device a name stands for: `cpu`, `cuda`, `cuda:N`, or `auto` (CUDA where there is one).
 * @throws Error DEVICE when the name is unknown or that device is not there
 */
c10::Device resolve_device(const std::string& name);

/** Number of CUDA devices that can be used; 0 with a CPU build of LibTorch. */
int cuda_device_count();

}  // namespace gp
