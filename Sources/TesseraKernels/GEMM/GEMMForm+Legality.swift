package import TesseraHAL

extension GEMMForm {
  /// Why the form cannot run on such a device; nil if it can. What it costs is another question: see
  /// `GEMMForm.preferred`.
  package func violation(on capabilities: Capabilities) -> String? {
    if let fault = shapeFault { return fault }
    if localBytes > capabilities.localMemoryBytes {
      return "needs \(localBytes) bytes of local memory, \(capabilities.localMemoryBytes) available"
    }
    if invocations > capabilities.maxWorkgroupInvocations {
      return "needs \(invocations) invocations, \(capabilities.maxWorkgroupInvocations) available"
    }
    for (axis, extent) in workgroup.enumerated() where extent > capabilities.maxWorkgroupSize[axis] {
      return "needs a workgroup of \(workgroup), at most \(capabilities.maxWorkgroupSize) available"
    }
    if width > 4 && capabilities.backend != .openCL { return "vectors of \(width) need OpenCL" }
    if subgroup {
      guard capabilities.backend == .vulkan else { return "subgroups need Vulkan" }
      guard capabilities.minSubgroupSize <= invocations, invocations <= capabilities.maxSubgroupSize
      else { return "needs subgroups of \(invocations)" }
    }
    if let limit = capabilities.maxLoopIterations,
      iterations(products: max(tileK, 4)) > limit - Self.loopReserve
    {
      return "one step needs more than \(limit) loop iterations"
    }
    return nil
  }

  /// Iterations left for loops outside the main one.
  static let loopReserve = 512

  /// The most products one dispatch may sum, a multiple of `tileK` and of 4, on a device that stops
  /// invocations after a number of loop iterations; nil without such a fault.
  package func productLimit(on capabilities: Capabilities) -> Int? {
    guard let limit = capabilities.maxLoopIterations else { return nil }
    let step = max(tileK, 4)
    return max(1, (limit - Self.loopReserve) / iterations(products: step)) * step
  }

  /// What the kernel source requires of its parameters.
  private var shapeFault: String? {
    guard tileM > 0, tileN > 0, workM > 0, workN > 0, tileM % workM == 0, tileN % workN == 0 else {
      return "an invocation's outputs must divide the tile"
    }
    switch kernel {
    case .naive: return nil
    case .direct:
      if subgroup && workM % invocations != 0 { return "rows must be a multiple of the lanes" }
      return nil
    case .tiled:
      guard tileK % 4 == 0, tileK % unrollK == 0 else {
        return "products per step must be a multiple of 4 and of the unrolling"
      }
      guard [4, 8, 16].contains(width), workN % width == 0 else {
        return "columns must be a multiple of the vector width"
      }
      guard !interleave || (workM % 4 == 0 && width == 4) else {
        return "interleaved rows and columns come in groups of 4"
      }
      guard panelM % 4 == 0, panelN % 4 == 0, pad % 4 == 0, (panelN + pad) % width == 0 else {
        return "panels must be whole vectors"
      }
      guard tileM * tileK / 4 % invocations == 0, tileN * tileK / 4 % invocations == 0 else {
        return "each invocation must move equally much"
      }
      return [1, 2].contains(stages) ? nil : "there are one or two stages"
    }
  }
}
