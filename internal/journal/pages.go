package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
)

// The store below maps its file into memory and follows the numbers that it
// finds there: in a damaged file they end the process, or lead to pages that are
// then written over. This file reads the same pages as octets, and believes
// nothing. Numbers are in the order of the machine. A page begins with its
// number (8 octets), kind (2), count of elements (2), and how many pages more
// belong to it (4); elements have 16 octets each, what they point at follows.

const (
	pageHeader  = 16
	elementSize = 16
	metaSize    = 64
	leastPage   = 1 << 10
	mostPage    = 1 << 24
	leastSize   = 4 * leastPage // two meta pages, one of free pages, one root
	mostDepth   = 32            // a tree of that depth would not fit on any disk
)

// Kinds of pages.
const (
	branchPage = 0x01
	leafPage   = 0x02
	metaPage   = 0x04
	freePage   = 0x10
)

const (
	metaMagic   = 0xED0CDAED
	metaVersion = 2
	bucketFlag  = 1 // of a leaf's element whose value is a table
	noFreeList  = 1<<64 - 1
	longList    = 0xFFFF // count of a list of free pages that is too long for the field
)

var native = binary.NativeEndian

// meta is what a meta page says.
type meta struct {
	pageSize uint32
	root     uint64 // page of the table of tables
	free     uint64 // page of the list of free pages
	end      uint64 // number of pages
	change   uint64 // counts transactions
}

// walk goes through the pages of a file. Each may be used once.
type walk struct {
	file io.ReaderAt
	meta
	used []bool
}

// checkFile reads a journal whole: every page, and every record.
func checkFile(file io.ReaderAt, size int64) error {
	m, err := readMeta(file)
	if err != nil {
		return err
	}
	if m.end < 4 || m.end > uint64(size)/uint64(m.pageSize) {
		return corrupt("it should have %d pages of %d octets, and has %d octets", m.end, m.pageSize, size)
	}
	w := walk{file: file, meta: m, used: make([]bool, m.end)}
	w.used[0], w.used[1] = true, true
	if err := w.freePages(); err != nil {
		return err
	}
	found := 0
	err = w.tree(m.root, span{}, 0, func(e element) error {
		found++
		return w.table(e)
	})
	if err != nil {
		return err
	}
	if found != len(tables) {
		return corrupt("it has %d tables, not %d", found, len(tables))
	}
	// Pages that nothing leads to are what a wrong number has cut off.
	if lost := slices.Index(w.used, false); lost >= 0 {
		return corrupt("page %d belongs to nothing", lost)
	}
	return nil
}

// readMeta returns the newer of the two meta pages. Transactions write them in
// turn, so they are one apart. The store would be content with one of them; the
// other may be the one with the latest receipts.
func readMeta(file io.ReaderAt) (meta, error) {
	first, err := metaAt(file, 0)
	if err != nil {
		return meta{}, err
	}
	second, err := metaAt(file, int64(first.pageSize))
	if err != nil {
		return meta{}, err
	}
	switch {
	case first.pageSize != second.pageSize:
		return meta{}, corrupt("its meta pages are of different files")
	case first.change == second.change+1:
		return first, nil
	case second.change == first.change+1:
		return second, nil
	}
	return meta{}, corrupt("its meta pages are of the transactions %d and %d, which do not follow each other", first.change, second.change)
}

func metaAt(file io.ReaderAt, offset int64) (meta, error) {
	page := make([]byte, pageHeader+metaSize)
	if _, err := file.ReadAt(page, offset); err != nil {
		return meta{}, corrupt("a meta page cannot be read: %w", err)
	}
	b := page[pageHeader:]
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	m := meta{
		pageSize: native.Uint32(b[8:]),
		root:     native.Uint64(b[16:]),
		free:     native.Uint64(b[32:]),
		end:      native.Uint64(b[40:]),
		change:   native.Uint64(b[48:]),
	}
	switch {
	case native.Uint16(page[8:]) != metaPage, native.Uint32(b) != metaMagic, native.Uint32(b[4:]) != metaVersion:
		return meta{}, corrupt("a meta page is none")
	case native.Uint64(b[metaSize-8:]) != sum.Sum64():
		return meta{}, corrupt("the checksum of a meta page is wrong")
	case m.pageSize < leastPage || m.pageSize > mostPage || m.pageSize&(m.pageSize-1) != 0:
		return meta{}, corrupt("its pages have %d octets", m.pageSize)
	}
	return m, nil
}

// page reads a page with those that belong to it, and claims them.
func (w *walk) page(id uint64) ([]byte, error) {
	if id >= w.end {
		return nil, corrupt("page %d of %d", id, w.end)
	}
	offset := int64(id) * int64(w.pageSize)
	header := make([]byte, pageHeader)
	if _, err := w.file.ReadAt(header, offset); err != nil {
		return nil, corrupt("page %d cannot be read: %w", id, err)
	}
	more := uint64(native.Uint32(header[12:]))
	if native.Uint64(header) != id || more >= w.end-id {
		return nil, corrupt("page %d is none", id)
	}
	for i := id; i <= id+more; i++ {
		if err := w.claim(i); err != nil {
			return nil, err
		}
	}
	page := make([]byte, (more+1)*uint64(w.pageSize))
	if _, err := w.file.ReadAt(page, offset); err != nil {
		return nil, corrupt("page %d cannot be read: %w", id, err)
	}
	return page, nil
}

func (w *walk) claim(id uint64) error {
	if id >= w.end || w.used[id] {
		return corrupt("page %d is used twice, or beyond the end", id)
	}
	w.used[id] = true
	return nil
}

// freePages claims the pages that nobody uses.
func (w *walk) freePages() error {
	if w.free == noFreeList {
		return nil
	}
	page, err := w.page(w.free)
	if err != nil {
		return err
	}
	list := page[pageHeader:]
	count := uint64(native.Uint16(page[10:]))
	if count == longList {
		count, list = native.Uint64(list), list[8:]
	}
	if native.Uint16(page[8:]) != freePage || count > uint64(len(list)/8) {
		return corrupt("page %d is no list of free pages", w.free)
	}
	for i := range count {
		if err := w.claim(native.Uint64(list[8*i:])); err != nil {
			return err
		}
	}
	return nil
}

// An element of a page: of a leaf with a value, of a branch with the number of
// the page below.
type element struct {
	flags      uint32
	key, value []byte
	below      uint64
}

// A span is where the keys of a page must lie: from low on, below high. The
// zero value is no limit.
type span struct{ low, high []byte }

func (s span) holds(key []byte) bool {
	return bytes.Compare(key, s.low) >= 0 && (s.high == nil || bytes.Compare(key, s.high) < 0)
}

// tree visits the elements of the leaves under a page.
func (w *walk) tree(id uint64, s span, depth int, visit func(element) error) error {
	page, err := w.page(id)
	if err != nil {
		return err
	}
	elements, _, branch, err := parsePage(page, s)
	switch {
	case err != nil:
		return corrupt("page %d: %w", id, err)
	case branch && depth == mostDepth, branch && len(elements) == 0:
		return corrupt("page %d: a tree that cannot be", id)
	}
	for i, e := range elements {
		if !branch {
			err = visit(e)
		} else {
			err = w.tree(e.below, span{e.key, following(elements, i, s)}, depth+1, visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// following is the key at which the pages under element i end.
func following(elements []element, i int, s span) []byte {
	if i+1 < len(elements) {
		return elements[i+1].key
	}
	return s.high
}

// table checks the records of a table. A small one lies in its element, after
// its root (8 octets, zero) and a counter (8), as a page without a number.
func (w *walk) table(e element) error {
	intact, known := tables[string(e.key)]
	if !known || e.flags != bucketFlag || len(e.value) < 16 {
		return corrupt("table %.40q is not one of a journal", e.key)
	}
	check := func(e element) error {
		if e.flags != 0 {
			return corrupt("a table within a table")
		}
		return intact(e.key, e.value)
	}
	if root := native.Uint64(e.value); root != 0 {
		return w.tree(root, span{}, 0, check)
	}
	inline := e.value[16:]
	if len(inline) < pageHeader {
		return corrupt("table %s is cut off", e.key)
	}
	elements, end, branch, err := parsePage(inline, span{})
	switch {
	case err != nil:
		return corrupt("table %s: %w", e.key, err)
	case branch, end != len(inline):
		return corrupt("table %s is not as long as its records", e.key)
	}
	for _, e := range elements {
		if err := check(e); err != nil {
			return err
		}
	}
	return nil
}

// parsePage returns the elements of a branch or leaf, and where the last one
// ends. Keys rise, and what elements point at follows them without a gap: a
// wrong count shows in that.
func parsePage(page []byte, s span) (elements []element, end int, branch bool, err error) {
	kind, count := native.Uint16(page[8:]), int(native.Uint16(page[10:]))
	branch = kind == branchPage
	if !branch && kind != leafPage {
		return nil, 0, false, fmt.Errorf("a page of kind %#x", kind)
	}
	end = pageHeader + count*elementSize
	if end > len(page) {
		return nil, 0, false, fmt.Errorf("%d elements", count)
	}
	var last []byte
	for i := range count {
		at := pageHeader + i*elementSize
		e, ok := parseElement(page[at:], end-at, branch)
		if !ok || !s.holds(e.key) || i > 0 && bytes.Compare(last, e.key) >= 0 {
			return nil, 0, false, fmt.Errorf("element %d of %d is out of order", i, count)
		}
		elements, last = append(elements, e), e.key
		end += len(e.key) + len(e.value)
	}
	return elements, end, branch, nil
}

// parseElement reads the element that b begins with. What it points at must be
// at that position in b.
func parseElement(b []byte, position int, branch bool) (e element, ok bool) {
	var start, keySize, valueSize uint64
	if branch {
		start, keySize = uint64(native.Uint32(b)), uint64(native.Uint32(b[4:]))
		e.below = native.Uint64(b[8:])
	} else {
		e.flags = native.Uint32(b)
		start, keySize, valueSize = uint64(native.Uint32(b[4:])), uint64(native.Uint32(b[8:])), uint64(native.Uint32(b[12:]))
	}
	if start != uint64(position) || keySize == 0 || start+keySize+valueSize > uint64(len(b)) {
		return element{}, false
	}
	e.key = b[start : start+keySize]
	e.value = b[start+keySize : start+keySize+valueSize]
	return e, true
}
