// Queries of V8's heap: the live instances of several classes in one walk, and the contexts that
// live objects belong to.
#include <v8-profiler.h>
#include <v8.h>

#include <vector>

#include "exports.h"
#include "math-random.h"

namespace {

v8::Local<v8::Value> PrototypeOf(v8::Local<v8::Object> object) {
#if V8_MAJOR_VERSION >= 13
  return object->GetPrototypeV2();
#else
  return object->GetPrototype();
#endif
}

v8::MaybeLocal<v8::Context> ContextOf(v8::Isolate* isolate, v8::Local<v8::Object> object) {
#if V8_MAJOR_VERSION >= 13
  return object->GetCreationContext(isolate);
#else
  (void)isolate;
  return object->GetCreationContext();
#endif
}

// V8 calls Filter for each object, and forbids allocation in the heap meanwhile.
class Search : public v8::QueryObjectPredicate {
 public:
  Search(v8::Isolate* isolate, const std::vector<v8::Local<v8::Object>>& prototypes)
      : isolate_(isolate), prototypes_(prototypes) {}

  bool Filter(v8::Local<v8::Object> object) override {
    v8::HandleScope scope(isolate_);
    NoteContext(object);
    v8::Local<v8::Value> link = PrototypeOf(object);
    for (; link->IsObject(); link = PrototypeOf(link.As<v8::Object>()))
      for (v8::Local<v8::Object> prototype : prototypes_)
        if (link == prototype) return true;
    return false;
  }

  std::vector<v8::Global<v8::Context>>& contexts() { return contexts_; }

 private:
  void NoteContext(v8::Local<v8::Object> object) {
    v8::Local<v8::Context> context;
    if (!ContextOf(isolate_, object).ToLocal(&context)) return;
    // The latest first: neighbours in the heap mostly share a context.
    for (size_t i = contexts_.size(); i > 0; i--)
      if (contexts_[i - 1] == context) return;
    contexts_.emplace_back(isolate_, context);
  }

  v8::Isolate* isolate_;
  const std::vector<v8::Local<v8::Object>>& prototypes_;
  std::vector<v8::Global<v8::Context>> contexts_;
};

}  // namespace

void InstancesOf(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::HandleScope scope(isolate);
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  std::vector<v8::Local<v8::Object>> prototypes;
  if (info[0]->IsArray()) {
    v8::Local<v8::Array> list = info[0].As<v8::Array>();
    for (uint32_t i = 0; i < list->Length(); i++) {
      v8::Local<v8::Value> item;
      if (!list->Get(context, i).ToLocal(&item)) return;
      if (item->IsObject()) prototypes.push_back(item.As<v8::Object>());
    }
  }
  Search search(isolate, prototypes);
  std::vector<v8::Global<v8::Object>> found;
  isolate->GetHeapProfiler()->QueryObjects(context, &search, &found);
  RememberContexts(std::move(search.contexts()));
  std::vector<v8::Local<v8::Value>> objects;
  objects.reserve(found.size());
  for (v8::Global<v8::Object>& object : found) objects.push_back(object.Get(isolate));
  info.GetReturnValue().Set(v8::Array::New(isolate, objects.data(), objects.size()));
}
