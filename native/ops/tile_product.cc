#include "ops/tile_product.h"

#include "ops/dispatch.h"

namespace gp {

bool has_tile_products() {
#if defined(__x86_64__) && defined(CPUBLAS_BRGEMM_F32F32F32)
  static const bool available = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return available;
#else
  return false;
#endif
}

bool takes_tile_path(const at::Tensor& tensor) {
  return takes_cpu_path(tensor) && tensor.scalar_type() == at::kFloat && has_tile_products();
}

}  // namespace gp
