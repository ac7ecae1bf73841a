/// A picture of which blocks of keys each block of queries attends.
package struct MaskPicture {
  private let rows: [[Int]]
  private let columns: Int

  /// - Parameters:
  ///   - rows: the key blocks of each row; negative numbers are none.
  ///   - columns: key blocks there are.
  package init(rows: [[Int]], columns: Int) {
    self.rows = rows
    self.columns = columns
  }

  package var svg: String {
    let cell = max(2.0, min(16, 512 / Double(max(columns, rows.count, 1))))
    let (left, top) = (30.0, 30.0)
    let (width, height) = (cell * Double(columns), cell * Double(rows.count))
    var svg = SVG(width: left + width + 10, height: top + height + 10)
    svg.text(left + width / 2, 18, "keys", .middle, "small")
    svg.text(16, top + height / 2, "queries", .middle, "small", rotated: true)
    let gap = cell > 5 ? 0.5 : 0
    for (index, row) in rows.enumerated() {
      for block in row where block >= 0 && block < columns {
        svg.rectangle(
          left + Double(block) * cell + gap, top + Double(index) * cell + gap, cell - 2 * gap,
          cell - 2 * gap, "c0")
      }
    }
    for (x1, y1, x2, y2) in [
      (left, top, left + width, top), (left, top + height, left + width, top + height),
      (left, top, left, top + height), (left + width, top, left + width, top + height),
    ] { svg.line(x1, y1, x2, y2, "axis") }
    return svg.text(
      label: "\(rows.count) blocks of queries over \(columns) blocks of keys", standalone: true)
  }
}
