/// Every choice that `attention_box.h` leaves open: a kernel's parameters and the boxes of its tiles.
package struct BoxTiling: Sendable, Hashable {
  package var pass: BoxPass
  package var workR: Int
  package var workC: Int
  package var blockR: Int
  package var blockC: Int
  package var blockV: Int
  package var blockD: Int
  package var stepD: Int
  package var stepC: Int
  package var resident: Bool
  package var lanes: Int
  package var width: Int
  package var grain: Int
  package var headDim: Int
  package var valueDim: Int
  /// Where the tensor cores multiply: what takes the place of the choices above.
  package var hopper: HopperAttentionForm?
  /// Rows of a tile along each axis of a dilation group; the product is at most `tileR`.
  package var rowTile = [1, 1, 1]
  /// Columns of a tile along each axis; the product is at most `tileC`.
  package var columnTile = [1, 1, 1]

  /// The kernel's name.
  package var kernel: String { hopper == nil ? pass.kernel : HopperAttentionKernels.forward }
  package var threads: Int { hopper?.threads ?? workR * workC }
  package var tileR: Int { hopper?.tileR ?? workR * blockR }
  package var tileC: Int { hopper?.tileC ?? workC * blockC }
  package var tileV: Int { workC * blockV }
  package var tileD: Int { workC * blockD }
  /// Head dimensions computed, padding included.
  package var paddedHeadDim: Int {
    let step = hopper == nil ? stepD : 16
    return (headDim + step - 1) / step * step
  }
  package var paddedValueDim: Int {
    let step = hopper == nil ? stepD : 64
    return (valueDim + step - 1) / step * step
  }

  /// Workgroups that share the elements of the results.
  package var parts: Int {
    if hopper != nil { return 1 }
    let forValues = (valueDim + tileV - 1) / tileV
    let forKeys = (headDim + tileD - 1) / tileD
    switch pass {
    case .forward: return max(1, forValues)
    case .queryGradient: return max(1, forKeys)
    case .keyGradient: return max(1, forValues, forKeys)
    }
  }

  /// Floats of the staging array.
  package var stageSize: Int {
    let widest =
      switch pass {
      case .forward: tileV
      case .queryGradient: tileD
      case .keyGradient: max(tileV, tileD)
      }
    return max(stepD * (tileC + width), stepC * widest)
  }

  /// Bytes of all local arrays of the kernel.
  package var localBytes: Int {
    if let hopper { return hopper.localBytes(headDim: headDim, valueDim: valueDim) }
    let elements = pass == .forward ? paddedHeadDim : paddedHeadDim + paddedValueDim
    let rowStride = 4 + (resident ? elements : stepD)
    let words = 4 * tileR + 3 * tileC
    let own =
      switch pass {
      case .forward: tileR * workC
      case .queryGradient: 2 * tileR
      case .keyGradient: 2 * tileC
      }
    return 4 * (tileR * (rowStride + tileC + 4) + stageSize + words + own)
  }

  /// Multiply-adds of one pair of a row tile and a column tile, per row and column, all parts together.
  package var productsPerPair: Int {
    let scores = paddedHeadDim
    if hopper != nil { return scores + paddedValueDim }
    switch pass {
    case .forward: return parts * (scores + tileV)
    case .queryGradient: return parts * (scores + paddedValueDim + tileD)
    case .keyGradient: return parts * (scores + paddedValueDim + tileD + tileV)
    }
  }

  /// Words that an invocation carries from one dispatch to the next.
  package var stateWords: Int {
    switch pass {
    case .forward: blockR * (blockV + 2)
    case .queryGradient: blockR * blockD
    case .keyGradient: blockR * (blockD + blockV)
    }
  }

  /// Rounds of staging `vectors` vectors of `elements` elements.
  private func rounds(_ vectors: Int, _ elements: Int) -> Int {
    let together = max(threads / lanes, 1)
    let each = 1 + (elements / grain + lanes - 1) / lanes
    return (vectors + together - 1) / together * each
  }

  /// Loop iterations of one invocation for one column tile, at most; loops marked UNROLL are no loops.
  package var iterationsPerTile: Int {
    let chunk = rounds(tileC, stepD) + (resident ? 0 : rounds(tileR, stepD)) + stepD / 4 + 1
    func values(_ tile: Int) -> Int {
      tileC / stepC * (rounds(stepC, tile) + 2 * (stepC / 4) + 1)
    }
    let own = 1 + 2 * ((tileC + threads - 1) / threads)
    let scores = paddedHeadDim / stepD * chunk
    let weights = paddedValueDim / stepD * chunk
    switch pass {
    case .forward: return own + scores + values(tileV)
    case .queryGradient: return own + scores + weights + values(tileD)
    case .keyGradient: return own + scores + weights + values(tileD) + values(tileV)
    }
  }

  /// Loop iterations of one invocation outside the loop over column tiles, without those over the
  /// sequences of a packed batch, and without the search for the queries of a grid of their own.
  package func iterationsOutside(rings: Bool) -> Int {
    let perThread = (tileR + threads - 1) / threads
    // Two bisections of up to 33 steps for each row and each end of the tile, along three axes.
    let indices = 64 + (rings ? (perThread + 3) * 3 * 2 * 33 : 0)
    let staging = rounds(tileR, stepD) * (paddedHeadDim + paddedValueDim) / stepD
    return indices + staging + perThread * (2 + valueDim / grain)
  }
}
