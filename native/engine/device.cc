#include "engine/device.h"

#include <torch/cuda.h>

#include <string>

#include "engine/error.h"

namespace gp {

int cuda_device_count() {
  return torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
}

c10::Device resolve_device(const std::string& name) {
  if (name == "cpu") return {c10::kCPU};
  const int devices = cuda_device_count();
  if (name == "auto") return devices > 0 ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);

  int index = -1;
  if (name == "cuda") {
    index = 0;
  } else if (name.rfind("cuda:", 0) == 0 && name.size() > 5 && name.size() <= 8 &&
             name.find_first_not_of("0123456789", 5) == std::string::npos) {
    index = std::stoi(name.substr(5));
  } else {
    throw Error("DEVICE", "The device \"" + name + "\" is unknown: use auto, cpu, cuda or cuda:N.");
  }
  if (devices == 0) {
    throw Error("DEVICE",
                "The device \"" + name +
                    "\" was asked for, but this LibTorch sees no CUDA device: use --device cpu, or set up a "
                    "CUDA build of LibTorch with gp-setup --cuda on a machine that has a GPU.");
  }
  if (index >= devices) {
    throw Error("DEVICE", "The device \"" + name + "\" was asked for, but there are " +
                              std::to_string(devices) + " CUDA devices, numbered from 0.");
  }
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

}  // namespace gp
