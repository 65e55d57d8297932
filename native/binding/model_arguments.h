#pragma once

#include <napi.h>

#include "engine/session.h"

namespace gp::binding {

ModelShape shape_property(const Napi::Object& options, const char* key);
/** Single precision where nothing is said. */
Precision precision_property(const Napi::Object& options, const char* key);

}  // namespace gp::binding
