// The timers of perf_hooks.monitorEventLoopDelay. Each tick records the time since the one before
// it; a newborn makes its first ticks here, so that no monitor is empty: readers of an empty one
// take its mean, NaN, for an endless delay.
#include <node.h>
#include <uv.h>

#include "arguments.h"
#include "exports.h"

namespace {

// The callback that all of these timers share (IntervalHistogram::TimerCB in Node's histogram.cc);
// null until one was seen by this process, or the one it was forked from.
uv_timer_cb known_callback = nullptr;

bool IsActiveTimer(const uv_handle_t* handle) {
  return handle->type == UV_TIMER && uv_is_active(handle) != 0 && uv_is_closing(handle) == 0;
}

}  // namespace

void LearnDelayMonitor(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "learnDelayMonitor");
  int resolution = arguments.Integer(arguments.At(0), "resolution", 1, INT32_MAX);
  uv_loop_t* loop = node::GetCurrentEventLoop(info.GetIsolate());
  if (!arguments.valid() || loop == nullptr) return;
  auto look = [](uv_handle_t* handle, void* repeat) {
    auto* timer = reinterpret_cast<uv_timer_t*>(handle);
    if (IsActiveTimer(handle) && uv_timer_get_repeat(timer) == *static_cast<uint64_t*>(repeat))
      known_callback = timer->timer_cb;
  };
  auto repeat = static_cast<uint64_t>(resolution);
  uv_walk(loop, look, &repeat);
  info.GetReturnValue().Set(known_callback != nullptr);
}

void TickDelayMonitors(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::HandleScope scope(isolate);
  uv_loop_t* loop = node::GetCurrentEventLoop(isolate);
  if (loop == nullptr || known_callback == nullptr) return;
  auto tick = [](uv_handle_t* handle, void*) {
    auto* timer = reinterpret_cast<uv_timer_t*>(handle);
    if (IsActiveTimer(handle) && timer->timer_cb == known_callback) known_callback(timer);
  };
  uv_walk(loop, tick, nullptr);
}
