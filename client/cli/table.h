// Tables for people.

#ifndef NASCENT_CLIENT_CLI_TABLE_H_
#define NASCENT_CLIENT_CLI_TABLE_H_

#include <string>
#include <vector>

#include "client/cli/style.h"

namespace nascent::cli {

// Columns as wide as their widest cell. Where the whole is wider than the terminal, in this order:
// titles are written in several lines, words (never numbers) are shortened with …, the column
// `below` moves to a line of its own under each row, and columns that can be spared are left out,
// the highest `spare` first.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;     // numbers
    bool flexible = false;  // words that may be shortened, down to `narrowest`
    int narrowest = 8;
    bool wrap = false;   // its words go on in the next line instead of being shortened
    bool below = false;  // long and flexible, the last column: a genotype
    int spare = 0;       // 0: never left out
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

  // Lines without line feeds; the titles first. `width` 0: into a pipe, where nothing is cut but
  // the column `below`, which ends at 160 columns.
  std::vector<std::string> Lines(int width, const Style& style) const;

 private:
  struct Layout;
  Layout LayOut(int width) const;
  int WidestCell(size_t column) const;
  std::string Shortened(size_t column, const std::string& text, int width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_TABLE_H_
