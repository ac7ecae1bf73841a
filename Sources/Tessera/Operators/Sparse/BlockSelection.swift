import TesseraCore

/// How blocks of keys are chosen by their scores.
public struct BlockSelection: Sendable {
  /// How many blocks a row gets, from the highest score down, equal scores from the lower index up.
  public enum Rule: Sendable, Hashable {
    /// So many, or all there are.
    case top(Int)
    /// Until the chosen scores sum to this share, 0 to 1, of the sum of all that can be chosen, negative
    /// ones counting as 0.
    case share(Float)
    /// Those that are not below this score.
    case threshold(Float)
    /// Those that are not below this multiple, 0 to 1, of the row's largest score.
    case relative(Float)
  }

  /// Which blocks are chosen.
  public var rule: Rule
  /// Entries of a list; if nil, as many as `top` says, or as there are blocks. Of more that the rule
  /// allows, the best are taken.
  public var width: Int?
  /// Blocks from the first that are always chosen, whatever their scores; they count like others.
  public var initial: Int
  /// Blocks up to the row's own that are always chosen; they count like others.
  public var local: Int

  public init(_ rule: Rule, width: Int? = nil, initial: Int = 0, local: Int = 0) {
    self.rule = rule
    self.width = width
    self.initial = initial
    self.local = local
  }
}

extension BlockSelection {
  /// The rule in the problem's words.
  var problemRule: SelectionProblem.Rule {
    switch rule {
    case .top(let k): .topK(k)
    case .share(let p): .topP(p)
    case .threshold(let limit): .threshold(limit)
    case .relative(let ratio): .relative(ratio)
    }
  }
}
