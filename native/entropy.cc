// Math.random of a fork. V8 keeps a generator in each native context: an index into a cache of
// drawn numbers, the state they came from, and the cache, in three slots in a row
// (MATH_RANDOM_*_INDEX in V8's objects/contexts.h, refilled by numbers/math-random.cc). There is no
// public way to reseed it, so the slots are recognised by their shape, and used only once they have
// behaved like a generator; a V8 with another layout is left alone.
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include <utility>

#include "error.h"
#include "exports.h"
#include "math-random.h"

namespace {

// Without pointer compression, as Node is built, every field is a word: a small integer in its
// upper half, or an address plus one.
using Word = uintptr_t;
constexpr Word kCacheLength = 64;
constexpr Word kStateBytes = 16;
constexpr Word kMostSlots = 4096;
constexpr int kFirstElement = 2;  // After the map and the length, in contexts and arrays alike.

// The slot of the index; 0 until this process, or the one it was forked from, found it.
Word known_slot = 0;

struct Generator {
  Word* index;
  Word* state;
  const Word* cache;
};

bool IsSmallInteger(Word word) { return (word & 0xffffffff) == 0; }
Word SmallInteger(Word word) { return word >> 32; }
bool IsObject(Word word) { return (word & 3) == 1 && word > 4096; }
Word* Fields(Word object) { return reinterpret_cast<Word*>(object - 1); }

bool IsArrayOf(Word word, Word length) {
  return IsObject(word) && IsSmallInteger(Fields(word)[1]) &&
         SmallInteger(Fields(word)[1]) == length;
}

Word* FieldsOf(v8::Local<v8::Context> context) {
  return Fields(*reinterpret_cast<const Word*>(*context));
}

Word SlotsOf(v8::Local<v8::Context> context) {
  Word length = FieldsOf(context)[1];
  return IsSmallInteger(length) && SmallInteger(length) <= kMostSlots ? SmallInteger(length) : 0;
}

// The addresses are valid until the next allocation.
bool GeneratorAt(v8::Local<v8::Context> context, Word slot, Generator* generator) {
  Word* fields = FieldsOf(context) + kFirstElement + slot;
  if (!IsSmallInteger(fields[0]) || SmallInteger(fields[0]) > kCacheLength ||
      !IsArrayOf(fields[1], kStateBytes) || !IsArrayOf(fields[2], kCacheLength))
    return false;
  generator->index = fields;
  generator->state = Fields(fields[1]) + kFirstElement;
  generator->cache = Fields(fields[2]) + kFirstElement;
  return true;
}

// Math.random(), or -1.
double Draw(v8::Isolate* isolate, v8::Local<v8::Context> context) {
  v8::Local<v8::Value> math;
  v8::Local<v8::Value> random;
  v8::Local<v8::Value> drawn;
  if (!context->Global()
           ->Get(context, v8::String::NewFromUtf8Literal(isolate, "Math"))
           .ToLocal(&math) ||
      !math->IsObject() ||
      !math.As<v8::Object>()
           ->Get(context, v8::String::NewFromUtf8Literal(isolate, "random"))
           .ToLocal(&random) ||
      !random->IsFunction() ||
      !random.As<v8::Function>()->Call(context, math, 0, nullptr).ToLocal(&drawn) ||
      !drawn->IsNumber())
    return -1;
  return drawn.As<v8::Number>()->Value();
}

// One draw decrements the index, which is 64 after a refill, and returns that element of the cache.
bool BehavesAsGenerator(v8::Isolate* isolate, v8::Local<v8::Context> context, Word slot) {
  for (int draws = 0; draws < 3; draws++) {
    Generator generator;
    if (!GeneratorAt(context, slot, &generator)) return false;
    Word before = SmallInteger(*generator.index);
    double drawn = Draw(isolate, context);
    if (!GeneratorAt(context, slot, &generator)) return false;
    Word after = SmallInteger(*generator.index);
    if (after + 1 != (before == 0 ? kCacheLength : before)) return false;
    double cached;
    memcpy(&cached, &generator.cache[after], sizeof cached);
    if (cached != drawn) return false;
  }
  return true;
}

// Contexts of node:vm and the like, which were in use when the process froze. Never destroyed: the
// isolate is gone when a process runs its static destructors.
std::vector<v8::Global<v8::Context>>& remembered = *new std::vector<v8::Global<v8::Context>>;

// False if the context does not look as expected; `number` becomes 0 or an errno.
bool Reseed(v8::Local<v8::Context> context, int* number) {
  Generator generator;
  *number = 0;
  if (known_slot == 0 || known_slot + 3 > SlotsOf(context) ||
      !GeneratorAt(context, known_slot, &generator))
    return false;
  *number = FillState(generator.state, kStateBytes);
  *generator.index = 0;  // The small integer 0: the next call refills the cache from the new state.
  return *number == 0;
}

}  // namespace

void FindMathRandom(v8::Isolate* isolate, v8::Local<v8::Context> context) {
  v8::HandleScope scope(isolate);
  v8::TryCatch ignore(isolate);
  Generator generator;
  for (Word slot = 0; known_slot == 0 && slot + 3 <= SlotsOf(context); slot++)
    if (GeneratorAt(context, slot, &generator) && BehavesAsGenerator(isolate, context, slot))
      known_slot = slot;
}

void RememberContexts(std::vector<v8::Global<v8::Context>> contexts) {
  remembered = std::move(contexts);
  for (v8::Global<v8::Context>& context : remembered) context.SetWeak();
}

int FillState(void* state, size_t size) {
  static const char zeros[kStateBytes] = {};
  do {
    ssize_t got;
    do {
      got = getrandom(state, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(size)) return got < 0 ? errno : EIO;
  } while (memcmp(state, zeros, size) == 0);
  return 0;
}

void PrepareMathRandom(const v8::FunctionCallbackInfo<v8::Value>& info) {
  info.GetReturnValue().Set(FindIsolateGenerator(info.GetIsolate()));
}

void ReseedMathRandom(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::HandleScope scope(isolate);
  int number = ReseedIsolateGenerator();
  for (const v8::Global<v8::Context>& context : remembered) {
    int failure = 0;
    if (!context.IsEmpty()) Reseed(context.Get(isolate), &failure);
    if (failure != 0) number = failure;
  }
  int own = 0;
  info.GetReturnValue().Set(Reseed(isolate->GetCurrentContext(), &own));
  if (own != 0) number = own;
  if (number != 0) ThrowErrno(isolate, number, "getrandom");
}
