extension Plan {
  /// Adds another plan's dispatches after this one's.
  ///
  /// - Parameters:
  ///   - other: a plan whose kernels, scratch and notes become part of this one, too.
  ///   - operands: what takes the place of each of its operands.
  mutating func append(_ other: Plan, operands: (Int) -> Source) {
    let firstScratch = scratch.count
    scratch += other.scratch
    let kernelPositions = other.kernels.map { kernel($0) }
    for dispatch in other.dispatches {
      var own = dispatch
      own.kernel = kernelPositions[dispatch.kernel]
      for index in own.arguments.indices {
        switch own.arguments[index].source {
        case .operand(let position): own.arguments[index].source = operands(position)
        case .scratch(let position): own.arguments[index].source = .scratch(firstScratch + position)
        case .none: break
        }
      }
      dispatches.append(own)
    }
    if let more = other.tiles {
      var counts = tiles ?? TileCounts(full: 0, partial: 0, skipped: 0)
      counts.full += more.full
      counts.partial += more.partial
      counts.skipped += more.skipped
      tiles = counts
    }
    flopsNeeded += other.flopsNeeded
    flopsDone += other.flopsDone
    notes += other.notes.map { "\(other.operation): \($0)" }
  }
}
