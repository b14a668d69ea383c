// The random generator of V8's isolate. It seeds Math.random of each new context at the first call,
// so contexts that two forks create would draw the same numbers. There is no public access to it:
// it is recognised by its behaviour, since drawing an identity hash advances it by one step, and no
// other 16 bytes in memory change in that way.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "math-random.h"

namespace {

using Word = uint64_t;

// Larger than the isolate of any V8 so far.
constexpr size_t kSearchedBytes = 256 * 1024;
constexpr size_t kPage = 4096;
constexpr Word kLeastAddress = 64 * 1024;
constexpr Word kAddressLimit = Word{1} << 47;
// An identity hash is drawn again while it is 0.
constexpr int kMostSteps = 32;
// After the seed, in base::RandomNumberGenerator (V8's base/utils/random-number-generator.h).
constexpr Word kStateOffset = 8;

struct State {
  Word low;
  Word high;
};

struct Candidate {
  Word address;
  State before;
};

// 0 until this process, or the one it was forked from, found it.
Word known_state = 0;

// Reads memory that may not be mapped: write(2) fails with EFAULT where a load would be fatal.
class Peephole {
 public:
  Peephole() : valid_(pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0) {}
  ~Peephole() {
    if (!valid_) return;
    close(ends_[0]);
    close(ends_[1]);
  }
  Peephole(const Peephole&) = delete;
  Peephole& operator=(const Peephole&) = delete;

  bool Read(Word address, void* copy, size_t size) {
    if (!valid_) return false;
    ssize_t written = write(ends_[1], reinterpret_cast<const void*>(address), size);
    if (written <= 0) return false;
    ssize_t got = read(ends_[0], copy, static_cast<size_t>(written));
    return got == static_cast<ssize_t>(size);
  }

 private:
  int ends_[2] = {-1, -1};
  bool valid_;
};

// xorshift128+ (Vigna, https://vigna.di.unimi.it/ftp/papers/xorshiftplus.pdf), with V8's shifts.
State Next(State state) {
  Word mixed = state.low;
  mixed ^= mixed << 23;
  mixed ^= mixed >> 17;
  mixed ^= state.high ^ (state.high >> 26);
  return {state.high, mixed};
}

bool HasStepped(State before, State after) {
  for (int steps = 0; steps < kMostSteps; steps++) {
    before = Next(before);
    if (before.low == after.low && before.high == after.high) return true;
  }
  return false;
}

bool MayBePointer(Word word) {
  return (word & 7) == 0 && word >= kLeastAddress && word < kAddressLimit;
}

// The states that the isolate's pointers lead to, if they were pointers to generators.
std::vector<Candidate> ListCandidates(v8::Isolate* isolate, Peephole* memory) {
  std::vector<Word> pointers;
  Word page[kPage / sizeof(Word)];
  auto start = reinterpret_cast<Word>(isolate);
  for (size_t offset = 0; offset < kSearchedBytes; offset += kPage) {
    if (!memory->Read(start + offset, page, kPage)) break;
    std::copy_if(std::begin(page), std::end(page), std::back_inserter(pointers), MayBePointer);
  }
  std::sort(pointers.begin(), pointers.end());
  pointers.erase(std::unique(pointers.begin(), pointers.end()), pointers.end());
  std::vector<Candidate> candidates;
  for (Word pointer : pointers) {
    State state;
    if (memory->Read(pointer + kStateOffset, &state, sizeof state) && state.low != 0 &&
        state.high != 0)
      candidates.push_back({pointer + kStateOffset, state});
  }
  return candidates;
}

void Draw(v8::Isolate* isolate) {
  v8::HandleScope scope(isolate);
  v8::Object::New(isolate)->GetIdentityHash();
}

}  // namespace

bool FindIsolateGenerator(v8::Isolate* isolate) {
  if (known_state != 0) return true;
  Draw(isolate);  // V8 makes the generator when it is first used.
  Peephole memory;
  std::vector<Candidate> candidates = ListCandidates(isolate, &memory);
  Draw(isolate);
  for (const Candidate& candidate : candidates) {
    State now;
    if (memory.Read(candidate.address, &now, sizeof now) && HasStepped(candidate.before, now))
      known_state = candidate.address;
  }
  return known_state != 0;
}

int ReseedIsolateGenerator() {
  if (known_state == 0) return 0;
  return FillState(reinterpret_cast<void*>(known_state), sizeof(State));
}
