// What a user of `import Tessera` sees of the modules below: plain data only.
@_exported public import TesseraCore
@_exported public import enum TesseraHAL.BackendKind
@_exported public import enum TesseraHAL.BoundsMode
@_exported public import struct TesseraRuntime.KernelStatistics
@_exported public import struct TesseraRuntime.MemoryStatistics
