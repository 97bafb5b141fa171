package certstore

import (
	"fmt"
	"strings"

	"github.com/ediport/ediport/internal/trap"
)

// choose returns the entry that is meant. An exact subject wins over a part of
// one, and within each, an entry with a private key over one without.
func (c criteria) choose(entries []entry) (entry, bool) {
	if c.thumbprint != "" {
		entries = filter(entries, func(e entry) bool { return e.hasThumbprint(c.thumbprint) })
	}
	if c.subject == "" || c.subject == "*" {
		return preferKey(entries)
	}
	exact := filter(entries, func(e entry) bool { return e.cert != nil && sameName(subjectOf(e.cert), c.subject) })
	if found, ok := preferKey(exact); ok {
		return found, true
	}
	part := strings.ToLower(c.subject)
	return preferKey(filter(entries, func(e entry) bool {
		return e.cert != nil && strings.Contains(strings.ToLower(subjectOf(e.cert)), part)
	}))
}

func preferKey(entries []entry) (entry, bool) {
	for _, e := range entries {
		if e.key != nil {
			return e, true
		}
	}
	if len(entries) > 0 {
		return entries[0], true
	}
	return entry{}, false
}

func filter(entries []entry, keep func(entry) bool) []entry {
	var kept []entry
	for _, e := range entries {
		if keep(e) {
			kept = append(kept, e)
		}
	}
	return kept
}

func (e entry) hasThumbprint(hex string) bool {
	if e.cert == nil {
		return false
	}
	for _, hash := range hashes {
		if strings.EqualFold(plainHex(hash(e.cert.Raw)), hex) {
			return true
		}
	}
	return false
}

// notFound names what was wanted and what is there instead.
func notFound(s Source, wanted criteria, held []entry) error {
	var asked []string
	if wanted.subject != "" {
		asked = append(asked, fmt.Sprintf("subject %q", wanted.subject))
	}
	if wanted.thumbprint != "" {
		asked = append(asked, "thumbprint "+wanted.thumbprint)
	}
	return trap.New(trap.CodeCertNotFound, "%s has no certificate with %s; it holds %s",
		s.describe(), strings.Join(asked, " and "), inventory(held))
}

// inventory lists the first subjects of a store.
func inventory(held []entry) string {
	const most = 10
	var list []string
	for i, e := range held {
		if i == most {
			list = append(list, fmt.Sprintf("and %d more", len(held)-most))
			break
		}
		if e.cert == nil {
			list = append(list, "a key without certificate")
		} else {
			list = append(list, fmt.Sprintf("%q", subjectOf(e.cert)))
		}
	}
	return strings.Join(list, ", ")
}
