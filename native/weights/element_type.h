#pragma once

#include <c10/core/ScalarType.h>

#include <string_view>

namespace gp::weights {

/** An element type that weight files may hold, and what each format calls it. */
struct ElementType {
  at::ScalarType dtype;
  std::string_view safetensors_name;
  std::string_view storage_class;  // of the Python module torch
};

inline constexpr ElementType kElementTypes[] = {
    {at::kDouble, "F64", "DoubleStorage"}, {at::kFloat, "F32", "FloatStorage"},
    {at::kHalf, "F16", "HalfStorage"},     {at::kBFloat16, "BF16", "BFloat16Storage"},
    {at::kLong, "I64", "LongStorage"},     {at::kInt, "I32", "IntStorage"},
    {at::kShort, "I16", "ShortStorage"},   {at::kChar, "I8", "CharStorage"},
    {at::kByte, "U8", "ByteStorage"},      {at::kBool, "BOOL", "BoolStorage"},
};

/** Null when weight files do not hold elements of this type. */
inline const ElementType* find_element_type(at::ScalarType dtype) {
  for (const ElementType& type : kElementTypes) {
    if (type.dtype == dtype) return &type;
  }
  return nullptr;
}

}  // namespace gp::weights
