
/// Everything that device choice and planning may depend on: a snapshot, plain data, Codable.
///
/// Planners are pure functions of a problem and this value, so they are tested against recorded
/// snapshots of devices that are not present.
package struct Capabilities: Sendable, Hashable, Codable {
  /// What executes the kernels.
  package enum Kind: String, Sendable, Hashable, Codable {
    case gpu
    /// A driver that runs GPU kernels on the CPU: PoCL, lavapipe. Ranks below the CPU back-end's GPUs.
    case software
    /// The CPU back-end.
    case cpu
    case accelerator
  }
  /// One cooperative-matrix shape: `D[m×n] = A[m×k]·B[k×n] + C`.
  package struct MatrixShape: Sendable, Hashable, Codable {
    package var m: Int
    package var n: Int
    package var k: Int
    package var input: String
    package var accumulator: String
    package init(m: Int, n: Int, k: Int, input: String, accumulator: String) {
      self.m = m
      self.n = n
      self.k = k
      self.input = input
      self.accumulator = accumulator
    }
  }

  package var backend: BackendKind
  package var kind: Kind
  package var name: String
  package var vendor: String
  /// Name of the driver or platform: "NVIDIA CUDA", "llvmpipe", "Portable Computing Language".
  package var driver: String
  package var driverVersion: String
  package var apiVersion: String

  /// Bytes of device memory.
  package var memoryBytes: Int
  /// Bytes of the largest single buffer.
  package var maxAllocation: Int
  /// Bytes of the largest range one binding can address.
  package var maxBindingRange: Int
  /// Required alignment of a binding's offset, in bytes.
  package var bindingAlignment: Int
  package var computeUnits: Int
  package var localMemoryBytes: Int
  package var maxWorkgroupInvocations: Int
  package var maxWorkgroupSize: [Int]
  package var maxGroupCount: [Int]
  package var maxConstantBytes: Int
  package var minSubgroupSize: Int
  package var maxSubgroupSize: Int
  /// Whether the host can address device memory directly.
  package var unifiedMemory: Bool

  package var f16Storage: Bool
  package var f16Arithmetic: Bool
  package var f64: Bool
  package var int64: Bool
  package var int8Dot: Bool
  package var timestamps: Bool
  package var matrixShapes: [MatrixShape]
  package var extensions: [String]
  /// Preferred float vector width of one work-item: 1 on GPUs, the SIMD width on CPU drivers.
  package var vectorWidth: Int
  /// Loop iterations one invocation may make in total before the driver silently stops it; nil
  /// without such a fault. Found by a probe when the device is opened.
  package var maxLoopIterations: Int?
  /// NVIDIA compute capability as major · 10 + minor.
  package var computeCapability: Int?
  /// Tiers of matrix kernels that were built and gave right results when the device was opened; nil
  /// before that, which counts as none.
  package var tensorTiers: [TensorTier]?
  /// Why the other tiers are not there, by the tier's name.
  package var tensorRefusals: [String: String]?
  /// Known faults of this driver, by their identifiers in the fault table.
  package var faults: [String]

  package init(backend: BackendKind, kind: Kind, name: String) {
    self.backend = backend
    self.kind = kind
    self.name = name
    vendor = ""
    driver = ""
    driverVersion = ""
    apiVersion = ""
    memoryBytes = 0
    maxAllocation = 0
    maxBindingRange = 0
    bindingAlignment = 4
    computeUnits = 1
    localMemoryBytes = 0
    maxWorkgroupInvocations = 1
    maxWorkgroupSize = [1, 1, 1]
    maxGroupCount = [65535, 65535, 65535]
    maxConstantBytes = 128
    minSubgroupSize = 1
    maxSubgroupSize = 1
    unifiedMemory = false
    f16Storage = true
    f16Arithmetic = false
    f64 = false
    int64 = false
    int8Dot = false
    timestamps = false
    matrixShapes = []
    extensions = []
    vectorWidth = 1
    maxLoopIterations = nil
    computeCapability = nil
    tensorTiers = nil
    tensorRefusals = nil
    faults = []
  }
}
