#include "recording/write_queue.h"

#include <chrono>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "recording/record_source.h"

namespace bnsyn {
namespace {

// What was written is flushed this often, and so is lost no later if the process is killed.
constexpr std::chrono::milliseconds kFlushEvery(250);

}  // namespace

absl::StatusOr<std::unique_ptr<WriteQueue>> WriteQueue::Start(std::unique_ptr<RecordWriter> writer,
                                                              uint64_t most_bytes) {
  std::unique_ptr<WriteQueue> queue(new WriteQueue(std::move(writer), most_bytes));
  try {
    queue->thread_ = std::thread([raw = queue.get()] { raw->Run(); });
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start the thread that writes recordings: ", error.what()));
  }
  return queue;
}

WriteQueue::~WriteQueue() { Close(/*abandon=*/true); }

void WriteQueue::Close(bool abandon) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    abandoned_ |= abandon;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::Status WriteQueue::Push(size_t record, RecordData data) {
  const uint64_t bytes = BytesOf(data);
  std::unique_lock<std::mutex> lock(mutex_);
  // A batch that alone is larger than the queue passes an empty one.
  changed_.wait(lock,
                [&] { return bytes_ == 0 || bytes_ + bytes <= most_bytes_ || !status_.ok(); });
  if (!status_.ok()) return status_;
  batches_.push_back({record, std::move(data)});
  bytes_ += bytes;
  changed_.notify_all();
  return absl::OkStatus();
}

absl::Status WriteQueue::Flush() {
  std::unique_lock<std::mutex> lock(mutex_);
  flush_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !flush_ || !status_.ok(); });
  return status_;
}

void WriteQueue::Run() {
  auto flushed = std::chrono::steady_clock::now();
  bool dirty = false;
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait_for(lock, kFlushEvery, [&] { return !batches_.empty() || closed_ || flush_; });
    if (abandoned_ || (closed_ && batches_.empty())) return;
    Batch batch;
    const bool has_batch = !batches_.empty();
    if (has_batch) {
      batch = std::move(batches_.front());
      batches_.pop_front();
    }
    const bool flush = flush_ && batches_.empty();
    lock.unlock();
    const auto now = std::chrono::steady_clock::now();
    const absl::Status status = ir::WithinMemory([&]() -> absl::Status {
      if (has_batch) BNSYN_RETURN_IF_ERROR(writer_->Write(batch.record, batch.data));
      dirty |= has_batch;
      if (!dirty || (!flush && now - flushed < kFlushEvery)) return absl::OkStatus();
      dirty = false;
      flushed = now;
      return writer_->Flush();
    });
    lock.lock();
    bytes_ -= BytesOf(batch.data);
    if (flush) flush_ = false;
    if (status_.ok()) status_ = status;
    if (!status_.ok()) return changed_.notify_all();
    changed_.notify_all();
  }
}

absl::StatusOr<std::vector<std::string>> WriteQueue::Finish(uint64_t end, bool complete) {
  Close(/*abandon=*/false);
  if (!status_.ok()) return status_;
  return writer_->Finish(end, complete);
}

}  // namespace bnsyn
