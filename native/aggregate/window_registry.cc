#include "aggregate/window_registry.h"

#include <algorithm>
#include <utility>

namespace gpuring {

std::shared_ptr<const WindowRegistry::List> WindowRegistry::Current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return list_;
}

void WindowRegistry::Update(const RowColumns& newest) {
  const std::shared_ptr<const List> list = Current();
  for (const Entry& entry : *list) entry.board->Update(newest);
}

// A board that is added meanwhile either is on the list already, or is refused.
void WindowRegistry::Forget(size_t row) {
  const std::shared_ptr<const List> list = [this] {
    const std::lock_guard<std::mutex> lock(mutex_);
    forgotten_++;
    return list_;
  }();
  for (const Entry& entry : *list) entry.board->Clear(row);
}

uint64_t WindowRegistry::Forgotten() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return forgotten_;
}

bool WindowRegistry::Add(std::shared_ptr<WindowBoard> board, const void* owner,
                         uint64_t forgotten) {
  const std::lock_guard<std::mutex> change(changes_);
  auto list = std::make_shared<List>(*list_);
  list->push_back({std::move(board), owner});
  std::shared_ptr<const List> swapped = std::move(list);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (forgotten_ != forgotten) return false;
    swapped.swap(list_);
  }
  Retire(std::move(swapped));
  return true;
}

template <class Condition>
void WindowRegistry::RemoveWhere(Condition condition) {
  const std::lock_guard<std::mutex> change(changes_);
  auto list = std::make_shared<List>(*list_);
  if (std::erase_if(*list, condition) == 0) return;
  std::shared_ptr<const List> swapped = std::move(list);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    swapped.swap(list_);
  }
  Retire(std::move(swapped));
}

void WindowRegistry::Remove(const WindowBoard* board) {
  RemoveWhere([board](const Entry& entry) { return entry.board.get() == board; });
}

void WindowRegistry::RemoveAllOf(const void* owner) {
  RemoveWhere([owner](const Entry& entry) { return entry.owner == owner; });
}

// Nobody takes hold of a list that is on no more, so a count of one stays one.
void WindowRegistry::Retire(std::shared_ptr<const List> list) {
  retired_.push_back(std::move(list));
  std::erase_if(retired_, [](const auto& one) { return one.use_count() == 1; });
}

}  // namespace gpuring
