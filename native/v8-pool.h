// V8's worker threads across a fork. Before it, a task parks each worker of Node's platform, so
// that none is inside a V8 job, holds a lock, or waits on the queue's condition variable. In the
// child, where fork(2) copies no thread but its own, new threads take the parked workers' stacks
// over and go on as they. One object is one fork.
#pragma once

#include <node.h>
#include <pthread.h>
#include <semaphore.h>
#include <ucontext.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

// One worker thread: where it stands, and the live part of its stack.
struct ParkedWorker {
  ucontext_t context;
  pthread_t thread;
  char name[16];
  char* stack_low;
  size_t stack_size;
  // From here up to the stack's top is what a revival needs.
  char* live_low;
  std::vector<char> saved;
  // In the child: where the thread that takes over runs while it overwrites its own stack, and how
  // much it copies.
  std::unique_ptr<char[]> crossing_stack;
  ucontext_t crossing;
  size_t crossing_size;
  std::atomic<bool> revived;
};

class ParkedPool {
 public:
  // Returns with every worker parked, or with an errno and none parked. ETIMEDOUT: some worker was
  // busy throughout.
  static int Park(v8::Isolate* isolate, node::MultiIsolatePlatform* platform,
                  std::shared_ptr<ParkedPool>* pool);

  explicit ParkedPool(int seats);
  ~ParkedPool();

  // Keeps the live part of the stacks: the child's glibc hands the stacks of other threads out
  // again.
  // False if some worker does not run on the stack that glibc knows.
  bool SaveStacks();
  // In the parent, or when there is no child after all: the workers go on.
  void Release();
  // In the child: makes a thread for each parked worker. Null, or the reason why that failed.
  const char* Revive();

  // For the parking task: takes a seat and stays. Returns when released, or at once if the fork is
  // over.
  void Sit();

 private:
  ParkedWorker* Claim();
  void Close();
  void Hold(ParkedWorker* worker);
  int AwaitParked(v8::Isolate* isolate, int expected, bool expect_one_more);
  const char* CreateThreads(std::vector<pthread_t>* surplus);
  const char* CreateThread(const pthread_attr_t& attributes, std::vector<pthread_t>* surplus);
  bool IsWorker(pthread_t thread) const;
  ParkedWorker* WorkerOfStack(const char* address);
  static void* TakeOver(void* pool);

  std::mutex mutex_;
  bool closed_ = false;
  int seats_;
  int taken_ = 0;
  std::unique_ptr<ParkedWorker[]> workers_;
  sem_t parked_;
  sem_t released_;
  sem_t arrived_;
  sem_t dismissed_;
};
