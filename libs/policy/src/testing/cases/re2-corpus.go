// Writes re2-corpus.json: for patterns and values, whether Go's regexp matches the whole value. Run it in this folder:
//
//	go run re2-corpus.go > re2-corpus.json
//
// A pattern that Go refuses has no list of matches.
package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
)

var values = []string{
	"", "a", "b", "A", "ab", "ba", "aa", "aab", "abc", "ABC", "abcabc", "k", "K", "\u212a", "s", "S", "\u017f",
	"i", "I", "\u0130", "\u0131", "\u00df", "\u1e9e", "ss", "\u00e9", "e\u0301", "\u03b1", "\u0391", "\u03c3", "\u03c2",
	"\u0416", "\u4e2d", "\U0001f600", "\U00010400", "\U00010428", "0", "7", "09", "123", "\u0663", "_", "a_b", "-", "a-b",
	" ", "a b", "\t", "\n", "a\n", "\na", "a\nb", "a\r\n", "\r", "\f", "\v", "\x07", "\x7f", "\u00a0", "\u0085", "\u2028",
	".", "a.b", "axb", "*", "+", "?", "(", ")", "[", "]", "{", "}", "{2}", "a{2}", "|", "a|b", "^", "$", "\\", "\\d", "/",
	"users:peter", "users:peter\n", "users:", "articles:42", "articles:x", "rn:hydra:clients:a%3Ab", "2024-01-31", "\ufffd",
}

var atoms = []string{
	"a", "b", "k", "s", "i", "\u00e9", "\u03c3", "\u4e2d", "\U00010400", ".", `\.`, `\d`, `\D`, `\w`, `\W`, `\s`, `\S`,
	"[ab]", "[^ab]", "[a-c]", "[^a-c]", "[[:alpha:]]", "[[:^alpha:]]", "[[:digit:]]", "[[:space:]]", "[[:punct:]]",
	"[[:upper:]]", "[[:lower:]]", "[[:word:]]", "[[:xdigit:]]", "[[:cntrl:]]", "[[:graph:]]", "[[:print:]]",
	"[[:blank:]]", "[[:alnum:]]", "[[:ascii:]]", `[\d_]`, `[^\d]`, `[\w-]`, `[^\W]`, `[\s\S]`, `[^\n]`, `[\x{400}-\x{4ff}]`,
	`\pL`, `\PL`, `\p{L}`, `\P{L}`, `\p{^L}`, `\pN`, `\p{Nd}`, `\p{Lu}`, `\p{Ll}`, `\p{Greek}`, `\p{Cyrillic}`, `\p{Han}`,
	`\P{Greek}`, `[\pL\pN]`, `[^\pL]`, `[\p{Greek}a]`, `\x41`, `\x{1F600}`, `\x{212a}`, `\n`, `\r`, `\t`, `\f`, `\v`, `\a`,
	`\101`, `\0`, `\-`, `\/`, `\_`, `\Qa.b\E`, `\Q*\E`, "(a)", "(?:a)", "(?P<n>a)", "(?<n>a)", "(a|b)", "(a|)", "(|a)",
	"(?i:a)", "(?i:k)", "(?i:s)", "(?-i:A)", "(?s:.)", "(?m:^a$)", "(?U:a+)", "[(]", "[)]", `[\]]`, "[]a]", "[^]a]", "[a-]",
	"[-a]", `[\\]`, `\\`, "[.]", "[*+?]", `[\Q]`, "{", "}", "{2}", ",", "a{", "a{,2}", "a{2", "$", "^", `\A`, `\z`, `\b`, `\B`,
}

var whole = []string{
	"(?i)abc", "(?i)ABC", "(?i)[a-c]+", "(?i)[^a]", "(?i)k", "(?i)\u212a", "(?i)s", "(?i)\u017f", "(?i)i", "(?i)\u0130",
	"(?i)\u0131", "(?i)\u00df", "(?i)\u1e9e", "(?i)\u03c3", "(?i)\u03c2", "(?i)\U00010428", `(?i)\x{10428}`, `(?i)\p{Lu}`,
	`(?i)\p{Ll}`, "(?i)[[:upper:]]+", `(?i)\W`, `(?i)\w`, "(?s).*", "(?s)a.*", ".*", ".+", "(?s).+", "(?m)^a$", "(?m)a$\\n^b",
	"(?m)^.*$", "(?ms)^a.b$", "(?-s).*", "(?s-i)A.*", "(?is)A.*", "(?i-s)A.*", "(?U)a+", "(?U)a+?", "a(?i)b", "a(?i)b|c",
	"(a(?i)b)c", "(?i:a)b", "a|b", "ab|", "|ab", "a||b", "(a|b)*", "(?:ab)+", "(ab){2}", "(abc){1,2}", "a{2}", "a{2,}",
	"a{0,1}", "a{0}", "a{1,3}b?", "a*", "a+", "a?", "a*?", "a+?", "a??", "a{1,2}?", "[a-z]+:[a-z]+", "users:[a-z]+",
	"users:[^:]*", "users:.*", "users:(?s).*", `articles:\d+`, `articles:[0-9]{1,3}`, "articles:(?:42|x)", `\d{4}-\d{2}-\d{2}`,
	`(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})`, `(?<y>\d{4})-.*`, "rn:hydra:(?:clients|keys):.+", `rn:[\w:%]+`, `\Qa|b\E`,
	`\Qa{2}\E`, `\Q\d\E`, `\Qa`, `\E`, `a\Q`, `^a$`, `^^a$$`, `\Aa\z`, `(^a|b$)`, `a\b`, `\ba\b`, `a\b.b`, `a\B_b`, `\b`, `\B`,
	`(?m)\Aa$`, `(?m)a\z`, `a$b`, `a^b`, `(?m)a$^b`, `a\z\n`, "[\\x00-\\x{10FFFF}]", "[^\\x00-\\x{10FFFF}]", "[a-\\d]", "[\\d-a]",
	"[z-a]", "[]", "[^]", "[a", "a]", "[[:foo:]]", "[[:alpha]", "[:alpha:]", "(", ")", "a)", "(a", "(?", "(?a", "(?i", "(?P<n",
	"(?P<n>", "(?P<>a)", "(?P<n>a)(?P<n>b)", "(?P=n)", "(?P<1n>a)", "(?<n>a)(?<n>b)", "(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b",
	"(?>a)", "(?#a)", "(?x)a b", "(?L)a", "(?i-)a", "(?-)a", "(?ii)a", "(?^)a", "*", "+", "?", "a**", "a+*", "a?+", "a++", "a{2}{3}",
	"a{2}*", "a*{2}", "(a*)*", "(a*)+", "(a+)+", "(?:a*)*", "a{2,1}", "a{1001}", "a{1000}", "(a{100}){100}", "a{-1}", "a{1,-1}",
	"a{1,2", "a{,}", "{1}", "(|)*", "()", "()*", `\1`, `\2`, `(a)\1`, `\8`, `\07`, `\x`, `\x4`, `\xg1`, `\x{}`, `\x{110000}`, `\x{41`,
	`\u0041`, `\U00000041`, `\e`, `\cA`, `\N`, `\R`, `\X`, `\C`, `\G`, `\Z`, `\h`, `\H`, `\K`, `\k<n>`, `\p`, `\pX`, `\p{X}`, `\p{Foo}`,
	`\p{L`, `\p{}`, `\p{Any}`, `\p{^Any}`, `\p{IsGreek}`, `\p{script=Greek}`, `\p{greek}`, `\p{Letter}`, `\pl`, `\y`, `\q`, `\"`, `\ `,
	`\-a`, `\`, `a\`, "[[a]", "[a&&b]", "[a--b]", "[\\b]", "[\\A]", "[\\pZ]", "[\\p{Zs}]", "[\\Qa-z\\E]", "[^\\P{L}]", "[\\w\\W]",
	"(?i)[\\x{3c3}]", "(?i)[^\\x{3c3}]", "(?i)(?-i)a", "(?i)(?-i:a)B", "((?i)a)B", "(?:(?i)a|b)C?", "(?s)(?-s).", "(?m)(?-m)^a$",
	"(((((((((a)))))))))", "a(b(c|)|)", "(a|ab)(c|bcd|)", "(a|b|c|d)+", "x*y*z*a", "(?:a|b|ab)*c?", "[^:]+:[^:]+", `\w+[._-]?\w*`,
}

type entry struct {
	Pattern string `json:"pattern"`
	Matches []int  `json:"matches,omitempty"`
	Refused bool   `json:"refused,omitempty"`
}

func main() {
	patterns := append([]string{}, whole...)
	quantifiers := []string{"", "*", "+", "?", "{2}", "*?"}
	for number, atom := range atoms {
		patterns = append(patterns, atom, atom+quantifiers[1+number%5])
		patterns = append(patterns, atom+atoms[(number*7+3)%len(atoms)], "(?i)"+atom, atom+"|"+atoms[(number*11+5)%len(atoms)])
	}
	seen := map[string]bool{}
	var entries []entry
	for _, pattern := range patterns {
		if seen[pattern] || strings.Contains(pattern, "\x00") {
			continue
		}
		seen[pattern] = true
		entries = append(entries, judge(pattern))
	}
	out, err := json.Marshal(map[string]any{"values": values, "patterns": entries})
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(append(out, '\n'))
}

func judge(pattern string) entry {
	// Alone first, as a template is: an expression cannot close the group that it stands in.
	if _, err := regexp.Compile(pattern); err != nil {
		return entry{Pattern: pattern, Refused: true}
	}
	program, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return entry{Pattern: pattern, Refused: true}
	}
	matches := []int{}
	for number, value := range values {
		if program.MatchString(value) {
			matches = append(matches, number)
		}
	}
	return entry{Pattern: pattern, Matches: matches}
}
