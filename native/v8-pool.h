// V8's worker threads across a fork. Before the fork, a task parks each worker of Node's platform,
// so that none is inside a V8 job, holds a lock, or waits on the queue's condition variable. In the
// child, to which fork(2) copies only the calling thread, new threads take over the parked workers'
// stacks and continue as those workers. One object serves one fork.
#pragma once

#include <node.h>
#include <pthread.h>
#include <semaphore.h>
#include <ucontext.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "newborn.h"

// One worker thread: its execution state, and the live part of its stack.
struct ParkedWorker {
  ucontext_t context;
  pthread_t thread;
  char name[16];
  char* stack_low;
  size_t stack_size;
  // A revival needs the stack from here up to its top.
  char* live_low;
  std::vector<char> saved;
  // In the child: the stack of the new thread while it overwrites its own, and the number of bytes
  // that it copies.
  std::unique_ptr<char[]> crossing_stack;
  ucontext_t crossing;
  size_t crossing_size;
  std::atomic<bool> revived;
};

class ParkedPool {
 public:
  // 0 with every worker parked, or an errno with none parked. ETIMEDOUT: a worker was busy
  // throughout.
  static int Park(v8::Isolate* isolate, node::MultiIsolatePlatform* platform,
                  std::shared_ptr<ParkedPool>* pool);

  explicit ParkedPool(int seats);
  ~ParkedPool();

  // Saves the live part of the stacks, because the child's glibc reuses the stacks of other
  // threads. False if a worker does not run on the stack that glibc knows.
  bool SaveStacks();
  // In the parent, or when there is no child after all: the workers continue.
  void Release();
  // In the child: makes a thread for each parked worker.
  Failure Revive();

  // Called by the parking task: parks the calling worker until it is released. Returns at once if
  // the fork is over.
  void Sit();

 private:
  ParkedWorker* Claim();
  void Close();
  void Hold(ParkedWorker* worker);
  int AwaitParked(v8::Isolate* isolate, int expected, bool expect_one_more);
  Failure CreateThreads(std::vector<pthread_t>* surplus);
  Failure CreateThread(const pthread_attr_t& attributes, std::vector<pthread_t>* surplus);
  bool IsWorker(pthread_t thread) const;
  ParkedWorker* WorkerOfStack(const char* address);
  static void* TakeOver(void* argument);

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
