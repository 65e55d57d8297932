#pragma once

namespace gp::kernels {

/** Of a device, ten times its major number and its minor one: 80, 90; 0 where it does not tell. */
int compute_capability(int device);

}  // namespace gp::kernels
