// Long lists that are read from the store by pages.

#ifndef NASCENT_SERVER_ENGINE_PAGES_H_
#define NASCENT_SERVER_ENGINE_PAGES_H_

#include <cstdint>
#include <functional>
#include <future>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace nascent::engine {

// Rows that are read at a time.
constexpr int64_t kPage = 2000;

// A list that is read by pages. The next page is on its way while one is used: reading the database
// and telling a strategy take about as long.
template <typename Record>
class Pages {
 public:
  using Page = absl::StatusOr<std::vector<Record>>;
  // What comes after the record that `position` names.
  Pages(std::function<Page(int64_t position)> load, int64_t Record::*position)
      : load_(std::move(load)), position_(position), page_(load_(0)) {
    Prefetch();
  }

  // The next record, or null at the end. It is the caller's to move from, once it is taken.
  absl::StatusOr<Record*> Peek() {
    if (!page_.ok()) return page_.status();
    if (next_ == page_->size() && coming_.valid()) {
      page_ = coming_.get();
      next_ = 0;
      if (!page_.ok()) return page_.status();
      Prefetch();
    }
    return next_ == page_->size() ? nullptr : &(*page_)[next_];
  }
  void Take() { ++next_; }

 private:
  void Prefetch() {
    if (!page_.ok() || static_cast<int64_t>(page_->size()) < kPage) return;
    coming_ = std::async(std::launch::async,
                         [this, last = page_->back().*position_] { return load_(last); });
  }

  const std::function<Page(int64_t)> load_;
  int64_t Record::*const position_;
  Page page_;
  size_t next_ = 0;
  std::future<Page> coming_;  // its destructor waits
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_PAGES_H_
