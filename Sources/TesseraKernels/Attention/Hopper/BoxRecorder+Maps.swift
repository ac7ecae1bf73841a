import TesseraCore
import TesseraHAL

/// The tensor maps by which the copy engine finds boxes of keys and values: see `attention_maps.cl`.
extension BoxRecorder {
  /// Where the maps are, and which of the plan's kernels makes them.
  struct Maps {
    var kernel: Int
    var argument: Plan.Argument
  }

  /// Adds the kernel that makes maps and the memory they take; nil if nothing is copied by them.
  func addMaps(to plan: inout Plan) -> Maps? {
    guard tiling.hopper?.boxCopies == true else { return nil }
    plan.kernels.append(
      KernelSpec(
        HopperAttentionKernels.maps,
        [
          .init("HEAD_DIM", problem.headDim), .init("VALUE_DIM", problem.valueDim),
          .init("Q_DTYPE", problem.dtype.kernelCode), .init("DENSE", 0), .init("RINGS", 0),
          .init("GRIDS", 0),
        ]))
    let bytes = problem.groups * HopperAttentionForm.mapBytes
    return Maps(
      kernel: plan.kernels.count - 1,
      argument: Plan.Argument(plan.addScratch(bytes), byteCount: bytes))
  }

  /// Makes the maps of some batch entries.
  func mapsDispatch(_ maps: Maps, _ batch: Range<Int>, _ constants: [UInt8]) -> Plan.Dispatch {
    let tensors = [BoxPass.Role.k, .v].map { role in
      guard let tensor = operands[role] else { return Plan.Argument(.none, byteCount: 0) }
      return Plan.Argument(
        tensor.source, offset: tensor.bytes * batch.lowerBound,
        byteCount: tensor.bytes * batch.count)
    }
    return Plan.Dispatch(
      kernel: maps.kernel, grid: GridSize(problem.groups, batch.count, 1), constants: constants,
      arguments: tensors + [maps.argument])
  }
}
