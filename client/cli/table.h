// Tables for people.

#ifndef NASCENT_CLIENT_CLI_TABLE_H_
#define NASCENT_CLIENT_CLI_TABLE_H_

#include <string>
#include <vector>

#include "client/cli/style.h"

namespace nascent::cli {

// Columns as wide as their widest cell; where the whole is wider than the terminal the column
// marked `flexible` is shortened.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;     // numbers
    bool flexible = false;  // at most one
  };
  struct Cell {
    Cell(std::string cell_text, Ink cell_ink = Ink::kPlain)
        : text(std::move(cell_text)), ink(cell_ink) {}
    Cell(const char* cell_text) : text(cell_text) {}
    std::string text;
    Ink ink = Ink::kPlain;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns.
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  // Lines without line feeds; the title line first. `width` 0: as wide as it is.
  std::vector<std::string> Lines(int width, const Style& style) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_TABLE_H_
