import Foundation

/// Text in words, before words become pieces: what BERT's uncased models do.
///
/// Control characters go, ideographs become words of their own, accents go (canonical decomposition without
/// its nonspacing marks), letters become small ones; then words end at white space, and every punctuation
/// mark is one.
enum BasicTokenizer {
  /// The words of `text`, in UTF-8.
  static func words(_ text: some StringProtocol) -> [[UInt8]] {
    var words: [[UInt8]] = []
    var word: [UInt8] = []
    func end() {
      if !word.isEmpty { words.append(word) }
      word.removeAll(keepingCapacity: true)
    }
    for scalar in clean(text).decomposedStringWithCanonicalMapping.unicodeScalars {
      let category = scalar.properties.generalCategory
      if category == .nonspacingMark { continue }
      if scalar.properties.isWhitespace {
        end()
      } else if isPunctuation(scalar, category) {
        end()
        words.append(Array(String(scalar).utf8))
      } else {
        // Letter by letter: a sigma that ends a word is no special case.
        word += scalar.properties.lowercaseMapping.utf8
      }
    }
    end()
    return words
  }

  /// Without what is invisible, and with spaces around ideographs.
  private static func clean(_ text: some StringProtocol) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar == "\t" || scalar == "\n" || scalar == "\r" {
        result.append(" ")
      } else if isIdeograph(scalar) {
        result.append(contentsOf: [" ", scalar, " "])
      } else if scalar != "\u{FFFD}", !isInvisible(scalar.properties.generalCategory) {
        result.append(scalar)
      }
    }
    return String(result)
  }

  private static func isInvisible(_ category: Unicode.GeneralCategory) -> Bool {
    switch category {
    case .control, .format, .privateUse, .surrogate: true
    default: false
    }
  }

  /// Unicode's punctuation, and every ASCII character that is no letter, digit or space: `$`, `+`, `^`…
  private static func isPunctuation(
    _ scalar: Unicode.Scalar, _ category: Unicode.GeneralCategory
  ) -> Bool {
    switch category {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      true
    default:
      scalar.isASCII
        && (category == .mathSymbol || category == .currencySymbol || category == .modifierSymbol)
    }
  }

  /// The CJK blocks of ideographs; syllables of Korean and Japanese are letters. Extension E begins 256
  /// later than in Unicode: so it does in the tokenizer that the model comes with.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
