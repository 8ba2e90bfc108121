// A thread that writes recordings, and the queue of what waits for it.
#ifndef BNSYN_RECORDING_WRITE_QUEUE_H_
#define BNSYN_RECORDING_WRITE_QUEUE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "recording/record_writer.h"

namespace bnsyn {

// What Push was given is written in its order. One thread uses the queue.
class WriteQueue {
 public:
  // At most about `most_bytes` wait.
  static absl::StatusOr<std::unique_ptr<WriteQueue>> Start(std::unique_ptr<RecordWriter> writer,
                                                           uint64_t most_bytes);
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;
  // Forgets what waits, and deletes the files unless Finish was called.
  ~WriteQueue();

  // Waits where the queue is full. Fails with the first error of writing.
  absl::Status Push(size_t record, RecordData data);
  // Waits until all that waits is written and flushed. Fails with the first error of writing.
  absl::Status Flush();
  // Writes all that waits and ends: see RecordWriter::Finish.
  absl::StatusOr<std::vector<std::string>> Finish(uint64_t end, bool complete);

 private:
  struct Batch {
    size_t record = 0;
    RecordData data;
  };

  WriteQueue(std::unique_ptr<RecordWriter> writer, uint64_t most_bytes)
      : writer_(std::move(writer)), most_bytes_(most_bytes) {}
  // Of the thread: writes until the queue is closed.
  void Run();
  void Close(bool abandon);

  const std::unique_ptr<RecordWriter> writer_;
  const uint64_t most_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;  // of what follows
  std::deque<Batch> batches_;
  uint64_t bytes_ = 0;  // of the batches and of the one that is being written
  bool flush_ = false;  // when no batch waits
  bool closed_ = false;
  bool abandoned_ = false;
  absl::Status status_;
  std::thread thread_;
};

}  // namespace bnsyn

#endif  // BNSYN_RECORDING_WRITE_QUEUE_H_
