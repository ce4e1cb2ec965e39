// Converts JavaScript arguments to what a system call takes, or throws a TypeError that names the
// argument. No policy here: a value is either exactly representable or it is refused.
#pragma once

#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <napi.h>
#include <string>

namespace arguments {

// A path as the kernel takes it: bytes with one NUL at the end, in JavaScript a string with one char a
// byte. What is longer than PATH_MAX is cut there, which the kernel answers with ENAMETOOLONG: it wants
// a NUL within the first PATH_MAX bytes.
class Path {
 public:
  const char *c_str() const { return null_ ? nullptr : bytes_; }

 private:
  friend class Reader;
  char bytes_[PATH_MAX + 1];
  bool null_ = false;
};

class Reader {
 public:
  explicit Reader(const Napi::CallbackInfo &info) : info_(info) {}

  // False once any argument was refused; a JavaScript exception is pending then.
  bool ok() const { return ok_; }

  int fd(size_t index) { return static_cast<int>(integer(index, INT_MIN, INT_MAX)); }
  int i32(size_t index) { return static_cast<int>(integer(index, INT_MIN, INT_MAX)); }
  uint32_t u32(size_t index) { return static_cast<uint32_t>(integer(index, 0, UINT32_MAX)); }
  // Exact up to 2^53; no flag word of the calls here has a higher bit.
  uint64_t u64(size_t index) { return static_cast<uint64_t>(integer(index, 0, 9007199254740991.0)); }

  int64_t i64(size_t index) {
    return static_cast<int64_t>(integer(index, -9007199254740991.0, 9007199254740991.0));
  }

  // A NUL inside would silently name another file, so it is an error and never a terminator.
  void path(size_t index, Path *out) { bytes(index, out, false); }
  void optionalPath(size_t index, Path *out) { bytes(index, out, true); }

  // The caller's memory; valid during this call only.
  uint8_t *memory(size_t index, size_t *length) {
    void *data = nullptr;
    if (ok_ && !uint8s(index, &data, length)) refuse(index, "a Uint8Array");
    return static_cast<uint8_t *>(data);
  }

 private:
  // Straight N-API: one call an argument, where the wrapper classes would make four.
  double integer(size_t index, double low, double high) {
    if (!ok_) return 0;
    double value;
    if (napi_get_value_double(info_.Env(), info_[index], &value) != napi_ok)
      return refuse(index, "an integer"), 0;
    if (!(value >= low && value <= high) || value != std::trunc(value))
      return refuse(index, "an integer in range"), 0;
    return value;
  }

  bool uint8s(size_t index, void **data, size_t *length) {
    napi_typedarray_type type;
    napi_status status =
        napi_get_typedarray_info(info_.Env(), info_[index], &type, length, data, nullptr, nullptr);
    return status == napi_ok && type == napi_uint8_array;
  }

  void bytes(size_t index, Path *out, bool optional) {
    out->bytes_[0] = '\0';
    if (!ok_) return;
    if (optional && info_[index].IsNull()) {
      out->null_ = true;
      return;
    }
    char16_t chars[PATH_MAX + 1];
    size_t length;
    if (napi_get_value_string_utf16(info_.Env(), info_[index], chars, PATH_MAX + 1, &length) !=
        napi_ok)
      return refuse(index, "a string");
    for (size_t i = 0; i < length; i++) {
      if (chars[i] == 0 || chars[i] > 0xff)
        return refuse(index, "a string of bytes without NUL");
      out->bytes_[i] = static_cast<char>(chars[i]);
    }
    out->bytes_[length] = '\0';
  }

  void refuse(size_t index, const char *wanted) {
    ok_ = false;
    std::string text = "argument " + std::to_string(index + 1) + " must be " + wanted;
    Napi::TypeError::New(info_.Env(), text).ThrowAsJavaScriptException();
  }

  const Napi::CallbackInfo &info_;
  bool ok_ = true;
};

}  // namespace arguments
