// Parking and reviving V8's worker threads; see v8-pool.h.
#include "v8-pool.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "take-over.h"

namespace {

constexpr int kParkTimeoutMs = 10 * 1000;
// A worker not parked by then may be waiting for the main thread to collect garbage.
constexpr int kStallMs = 250;
// Time for an unexpected worker to pick up the surplus task.
constexpr int kProbeMs = 20;
constexpr int kReviveTimeoutMs = 10 * 1000;
// Bounds the stacks left by other threads: libuv's pool (at most 1024), Node's helpers, addons.
constexpr size_t kMostSurplus = 2048;

// 0 until the first fork of this process or of an ancestor.
int known_pool_size = 0;

int64_t NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// sem_timedwait(3) uses the wall clock, which can jump: wait in short steps by the monotonic clock.
bool WaitFor(sem_t* semaphore, int64_t deadline_ms) {
  for (;;) {
    if (sem_trywait(semaphore) == 0) return true;
    if (NowMs() >= deadline_ms) return false;
    timespec step;
    clock_gettime(CLOCK_REALTIME, &step);
    step.tv_nsec += 5 * 1000 * 1000;
    if (step.tv_nsec >= 1000000000) {
      step.tv_nsec -= 1000000000;
      step.tv_sec++;
    }
    if (sem_timedwait(semaphore, &step) == 0) return true;
  }
}

class ParkTask : public v8::Task {
 public:
  explicit ParkTask(std::shared_ptr<ParkedPool> pool) : pool_(std::move(pool)) {}
  void Run() override { pool_->Sit(); }

 private:
  std::shared_ptr<ParkedPool> pool_;
};

void Post(node::MultiIsolatePlatform* platform, std::unique_ptr<v8::Task> task) {
#if V8_MAJOR_VERSION >= 13
  platform->PostTaskOnWorkerThread(v8::TaskPriority::kUserBlocking, std::move(task));
#else
  platform->CallBlockingTaskOnWorkerThread(std::move(task));
#endif
}

}  // namespace

ParkedPool::ParkedPool(int seats) : seats_(seats), workers_(new ParkedWorker[seats]) {
  sem_init(&parked_, 0, 0);
  sem_init(&released_, 0, 0);
  sem_init(&arrived_, 0, 0);
  sem_init(&dismissed_, 0, 0);
}

ParkedPool::~ParkedPool() {
  sem_destroy(&parked_);
  sem_destroy(&released_);
  sem_destroy(&arrived_);
  sem_destroy(&dismissed_);
}

// NumberOfWorkerThreads() includes the thread of Node's delayed-task scheduler in all versions so
// far (WorkerThreadsTaskRunner in src/node_platform.cc), which runs no tasks. So the first fork
// posts one task more than it needs: if a worker takes that too, the pool is larger than the
// sources suggest, and is parked all the same.
int ParkedPool::Park(v8::Isolate* isolate, node::MultiIsolatePlatform* platform,
                     std::shared_ptr<ParkedPool>* pool) {
  int counted = platform->NumberOfWorkerThreads();
  bool known = known_pool_size > 0;
  int expected = known ? known_pool_size : counted - 1;
  int tasks = known ? known_pool_size : counted;
  auto parking = std::make_shared<ParkedPool>(tasks);
  for (int i = 0; i < tasks; i++) Post(platform, std::make_unique<ParkTask>(parking));
  int number = parking->AwaitParked(isolate, expected, !known);
  if (number != 0) {
    parking->Release();
    return number;
  }
  known_pool_size = parking->taken_;
  *pool = std::move(parking);
  return 0;
}

int ParkedPool::AwaitParked(v8::Isolate* isolate, int expected, bool expect_one_more) {
  int64_t start = NowMs();
  bool collected = false;
  int parked = 0;
  while (parked < expected) {
    if (WaitFor(&parked_, collected ? start + kParkTimeoutMs : start + kStallMs)) {
      parked++;
    } else if (collected) {
      return ETIMEDOUT;
    } else {
      // A compiler thread that cannot allocate waits for the main thread to collect garbage
      // (CollectionBarrier in V8's heap/collection-barrier.cc), which is waiting here: so collect.
      isolate->LowMemoryNotification();
      collected = true;
    }
  }
  if (expect_one_more && WaitFor(&parked_, NowMs() + kProbeMs)) parked++;
  Close();
  // A worker that took a seat at the last moment has yet to post `parked_`.
  while (parked < taken_) {
    if (!WaitFor(&parked_, NowMs() + kParkTimeoutMs)) return ETIMEDOUT;
    parked++;
  }
  return 0;
}

void ParkedPool::Close() {
  std::unique_lock<std::mutex> lock(mutex_);
  closed_ = true;
}

ParkedWorker* ParkedPool::Claim() {
  std::unique_lock<std::mutex> lock(mutex_);
  // The task started too late: the fork is over.
  if (closed_ || taken_ == seats_) return nullptr;
  return &workers_[taken_++];
}

void ParkedPool::Sit() {
  ParkedWorker* worker = Claim();
  if (worker == nullptr) return;
  worker->revived = false;
  worker->thread = pthread_self();
  pthread_getname_np(worker->thread, worker->name, sizeof worker->name);
  pthread_attr_t attributes;
  void* low = nullptr;
  worker->stack_size = 0;
  if (pthread_getattr_np(worker->thread, &attributes) == 0) {
    pthread_attr_getstack(&attributes, &low, &worker->stack_size);
    pthread_attr_destroy(&attributes);
  }
  worker->stack_low = static_cast<char*>(low);
  Hold(worker);
}

// getcontext returns a second time in the child, on a stack that was copied back. No change made
// after the first return may be needed after the second: this function uses only its arguments.
__attribute__((noinline)) void ParkedPool::Hold(ParkedWorker* worker) {
  getcontext(&worker->context);
  if (worker->revived) {
    pthread_setname_np(pthread_self(), worker->name);
    sem_post(&arrived_);
    return;
  }
  sem_post(&parked_);
  while (sem_wait(&released_) != 0) continue;
}

bool ParkedPool::SaveStacks() {
  for (int i = 0; i < taken_; i++) {
    ParkedWorker& worker = workers_[i];
    worker.live_low = StackPointer(worker.context) - kRedZoneBytes;
    const char* top = worker.stack_low + worker.stack_size;
    if (worker.live_low < worker.stack_low || worker.live_low >= top) return false;
    worker.saved.assign(worker.live_low, const_cast<char*>(top));
  }
  return true;
}

void ParkedPool::Release() {
  Close();
  for (int i = 0; i < taken_; i++) sem_post(&released_);
}

ParkedWorker* ParkedPool::WorkerOfStack(const char* address) {
  for (int i = 0; i < taken_; i++) {
    ParkedWorker& worker = workers_[i];
    if (!worker.revived && address >= worker.stack_low &&
        address < worker.stack_low + worker.stack_size)
      return &worker;
  }
  return nullptr;
}

// The start routine of every new thread. glibc has reused the stack of a thread of the parent, with
// the thread's descriptor at its top. On a parked worker's stack the thread becomes that worker;
// otherwise it only occupies the stack, so that the next thread gets another one.
__attribute__((noinline)) void* ParkedPool::TakeOver(void* argument) {
  auto* pool = static_cast<ParkedPool*>(argument);
  char* frame_top = static_cast<char*>(__builtin_dwarf_cfa());
  ParkedWorker* worker = pool->WorkerOfStack(frame_top);
  if (worker != nullptr) {
    StartFrame start = {frame_top, __builtin_return_address(0), __builtin_frame_address(0)};
    BecomeWorker(worker, start);
  }
  sem_post(&pool->arrived_);
  while (sem_wait(&pool->dismissed_) != 0) continue;
  return nullptr;
}

bool ParkedPool::IsWorker(pthread_t thread) const {
  for (int i = 0; i < taken_; i++)
    if (pthread_equal(thread, workers_[i].thread)) return true;
  return false;
}

Failure ParkedPool::CreateThread(const pthread_attr_t& attributes,
                                 std::vector<pthread_t>* surplus) {
  pthread_t thread;
  if (surplus->size() == kMostSurplus) return {"no new thread came to a V8 worker's stack"};
  int number = pthread_create(&thread, &attributes, TakeOver, this);
  if (number != 0) return {"pthread_create", number};
  // A thread that took a worker's place is that worker from now on, and Node joins it.
  if (!IsWorker(thread)) surplus->push_back(thread);
  if (!WaitFor(&arrived_, NowMs() + kReviveTimeoutMs)) return {"a new thread did not start"};
  return {};
}

// glibc picks the smallest cached stack that is large enough (nptl/allocatestack.c,
// get_cached_stack), so repeated requests for exactly a worker's size reach that worker's stack.
Failure ParkedPool::CreateThreads(std::vector<pthread_t>* surplus) {
  Failure failure;
  for (int i = 0; i < taken_ && !failure; i++) {
    ParkedWorker& worker = workers_[i];
    pthread_attr_t attributes;
    int number = pthread_attr_init(&attributes);
    if (number != 0) return {"pthread_attr_init", number};
    number = pthread_attr_setstacksize(&attributes, worker.stack_size);
    if (number != 0) failure = {"the size of a V8 worker's stack is unknown", number};
    while (!failure && !worker.revived) failure = CreateThread(attributes, surplus);
    pthread_attr_destroy(&attributes);
  }
  return failure;
}

Failure ParkedPool::Revive() {
  for (int i = 0; i < taken_; i++) PrepareCrossing(&workers_[i]);
  std::vector<pthread_t> surplus;
  Failure failure = CreateThreads(&surplus);
  // Only now: when a thread ends, glibc may unmap cached stacks, among them one whose worker is not
  // revived yet.
  for (size_t i = 0; i < surplus.size(); i++) sem_post(&dismissed_);
  for (pthread_t thread : surplus) pthread_join(thread, nullptr);
  return failure;
}
