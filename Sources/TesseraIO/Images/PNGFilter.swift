/// PNG's prediction of each byte from its neighbours, chosen per row.
enum PNGFilter {
  /// The rows of `image`, each behind the number of its filter.
  ///
  /// Per row the filter with the smallest sum of absolute residuals is taken: the usual heuristic,
  /// which comes close to trying how well each one compresses.
  static func filtered(_ image: PNGImage) -> [UInt8] {
    let step = image.format.channels
    let rowBytes = image.width * step
    var result: [UInt8] = []
    result.reserveCapacity(image.height * (rowBytes + 1))
    var above = [UInt8](repeating: 0, count: rowBytes)
    var candidate = above
    var best = above
    for row in 0..<image.height {
      let current = Array(image.samples[row * rowBytes..<(row + 1) * rowBytes])
      var bestCost = Int.max
      var bestFilter: UInt8 = 0
      for filter in UInt8(0)...4 {
        var cost = 0
        for i in 0..<rowBytes {
          let left = i < step ? 0 : current[i - step]
          let predicted: UInt8 =
            switch filter {
            case 0: 0
            case 1: left
            case 2: above[i]
            case 3: UInt8((UInt16(left) + UInt16(above[i])) / 2)
            default: paeth(left, above[i], i < step ? 0 : above[i - step])
            }
          candidate[i] = current[i] &- predicted
          cost += Int(Int8(bitPattern: candidate[i]).magnitude)
        }
        if cost < bestCost {
          (bestCost, bestFilter) = (cost, filter)
          swap(&best, &candidate)
        }
      }
      result.append(bestFilter)
      result += best
      above = current
    }
    return result
  }

  /// Whichever of left, above and upper left is nearest to left + above − upper left.
  private static func paeth(_ left: UInt8, _ above: UInt8, _ corner: UInt8) -> UInt8 {
    let (a, b, c) = (Int(left), Int(above), Int(corner))
    let (toLeft, toAbove, toCorner) = (abs(b - c), abs(a - c), abs(a + b - 2 * c))
    if toLeft <= toAbove && toLeft <= toCorner { return left }
    return toAbove <= toCorner ? above : corner
  }
}
