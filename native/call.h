// What all calls share: how they read their arguments, and how they answer.
#pragma once

#include <cerrno>

#include "arguments.h"

namespace {

using arguments::Path;
using arguments::Reader;
using Napi::CallbackInfo;
using Napi::Value;

Value answer(const CallbackInfo &info, long result) {
  return Napi::Number::New(info.Env(), static_cast<double>(result < 0 ? -errno : result));
}

}  // namespace
