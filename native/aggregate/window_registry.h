// The registered windows of one sampler.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "aggregate/window_board.h"

namespace gpuring {

// The polling thread keeps the windows up to date. Others change which there are: they hold it up
// for as long as one pointer is swapped, and what they take away is never freed by it.
class WindowRegistry {
 public:
  // Polling thread: a sample was appended to these columns.
  void Update(const RowColumns& newest);
  // Polling thread: the row's device has gone for good.
  void Forget(size_t row);

  // How many rows were forgotten.
  [[nodiscard]] uint64_t Forgotten() const;
  // From now on the board is kept up to date, until it is removed or all of `owner` is.
  // False: more rows were forgotten than `forgotten` by now; nothing changes.
  [[nodiscard]] bool Add(std::shared_ptr<WindowBoard> board, const void* owner, uint64_t forgotten);
  void Remove(const WindowBoard* board);
  void RemoveAllOf(const void* owner);

 private:
  struct Entry {
    std::shared_ptr<WindowBoard> board;
    const void* owner;
  };
  using List = std::vector<Entry>;

  [[nodiscard]] std::shared_ptr<const List> Current() const;
  void Retire(std::shared_ptr<const List> list);
  template <class Condition>
  void RemoveWhere(Condition condition);

  std::mutex changes_;  // one at a time; the polling thread takes no part
  // Replaced lists, until the polling thread has let go of them. Under `changes_`.
  std::vector<std::shared_ptr<const List>> retired_;

  mutable std::mutex mutex_;
  std::shared_ptr<const List> list_ = std::make_shared<const List>();
  uint64_t forgotten_ = 0;
};

// Somebody's hold on a window: once it is let go of, the window is kept up to date no more.
class WatchedWindow {
 public:
  WatchedWindow(std::shared_ptr<WindowRegistry> windows, std::shared_ptr<WindowBoard> board)
      : windows_(std::move(windows)), board_(std::move(board)) {}
  ~WatchedWindow() { Close(); }
  WatchedWindow(const WatchedWindow&) = delete;
  WatchedWindow& operator=(const WatchedWindow&) = delete;

  void Close() { windows_->Remove(board_.get()); }
  [[nodiscard]] const std::shared_ptr<WindowBoard>& board() const { return board_; }

 private:
  const std::shared_ptr<WindowRegistry> windows_;
  const std::shared_ptr<WindowBoard> board_;
};

}  // namespace gpuring
