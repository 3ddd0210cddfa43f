// Judges a log that lies in a folder as C2SP tlog-tiles has it, with Go's x/mod/sumdb.
//
// Reads a JSON document on stdin and writes one on stdout: an empty list of faults if the
// notes' signatures, every tile, every inclusion proof and every consistency proof hold.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Index int64
	Size  int64
	Entry []byte
	Proof [][]byte
	Root  []byte
}

type consistency struct {
	Size1, Size2 int64
	Root1, Root2 []byte
	Proof        [][]byte
}

type question struct {
	Folder      string
	LogKey      string
	WitnessKeys []string
	Checkpoints []string
	Inclusion   []inclusion
	Consistency []consistency
}

var faults = []string{}

func fault(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }

// cosigner verifies cosignature/v1 signatures (C2SP tlog-cosignature).
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	t := binary.BigEndian.Uint64(sig)
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", t)
	return ed25519.Verify(c.key, append([]byte(head), msg...), sig[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("malformed key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, fmt.Errorf("malformed key")
	}
	h := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	return cosigner{parts[0], binary.BigEndian.Uint32(h[:]), key[1:]}, nil
}

// tiles reads tiles of height 8 from a folder, without the height in their paths.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(wanted))
	for i, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		found[i] = content
	}
	return found, nil
}
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func hash(b []byte) (h tlog.Hash) { copy(h[:], b); return }

func hashes(all [][]byte) (found []tlog.Hash) {
	for _, one := range all {
		found = append(found, hash(one))
	}
	return
}

func tree(text string) (tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint")
	}
	n, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	h, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: n, Hash: h}, err
}

// entries reads every entry of a tree from its bundles.
func entries(folder string, size int64) (found [][]byte, err error) {
	for n := int64(0); n*256 < size; n++ {
		width := 256
		if size-n*256 < 256 {
			width = int(size - n*256)
		}
		path := strings.Replace(tlog.Tile{H: 8, L: -1, N: n, W: width}.Path(), "tile/8/data", "tile/entries", 1)
		content, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		for len(content) > 0 {
			length := int(binary.BigEndian.Uint16(content))
			found = append(found, content[2:2+length])
			content = content[2+length:]
		}
	}
	return found, nil
}

func judgeTiles(folder string, t tlog.Tree) {
	reader := tlog.TileHashReader(t, tiles{folder})
	all, err := entries(folder, t.N)
	if err != nil || int64(len(all)) != t.N {
		fault("size %d: %d entries: %v", t.N, len(all), err)
		return
	}
	for n, entry := range all {
		found, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(n))})
		if err != nil || found[0] != tlog.RecordHash(entry) {
			fault("size %d: entry %d: %v", t.N, n, err)
			return
		}
	}
}

func judgeInclusion(q question, one inclusion) {
	proof := tlog.RecordProof(hashes(one.Proof))
	if err := tlog.CheckRecord(proof, one.Size, hash(one.Root), one.Index, tlog.RecordHash(one.Entry)); err != nil {
		fault("inclusion of %d in %d: %v", one.Index, one.Size, err)
	}
	reader := tlog.TileHashReader(tlog.Tree{N: one.Size, Hash: hash(one.Root)}, tiles{q.Folder})
	own, err := tlog.ProveRecord(one.Size, one.Index, reader)
	if err != nil || !same(own, proof) {
		fault("inclusion of %d in %d: another proof: %v", one.Index, one.Size, err)
	}
}

func judgeConsistency(q question, one consistency) {
	proof := tlog.TreeProof(hashes(one.Proof))
	if err := tlog.CheckTree(proof, one.Size2, hash(one.Root2), one.Size1, hash(one.Root1)); err != nil {
		fault("consistency of %d and %d: %v", one.Size1, one.Size2, err)
	}
	reader := tlog.TileHashReader(tlog.Tree{N: one.Size2, Hash: hash(one.Root2)}, tiles{q.Folder})
	own, err := tlog.ProveTree(one.Size2, one.Size1, reader)
	if err != nil || !same(own, proof) {
		fault("consistency of %d and %d: another proof: %v", one.Size1, one.Size2, err)
	}
}

func same(a, b []tlog.Hash) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i][:], b[i][:]) {
			return false
		}
	}
	return true
}

func judge(q question) error {
	verifier, err := note.NewVerifier(q.LogKey)
	if err != nil {
		return err
	}
	verifiers := []note.Verifier{verifier}
	for _, vkey := range q.WitnessKeys {
		one, err := newCosigner(vkey)
		if err != nil {
			return err
		}
		verifiers = append(verifiers, one)
	}
	for _, one := range q.Checkpoints {
		opened, err := note.Open([]byte(one), note.VerifierList(verifiers...))
		if err != nil {
			fault("checkpoint: %v", err)
			continue
		}
		if len(opened.Sigs) != len(verifiers) {
			fault("checkpoint: %d of %d signatures", len(opened.Sigs), len(verifiers))
		}
		t, err := tree(opened.Text)
		if err != nil {
			fault("checkpoint: %v", err)
			continue
		}
		judgeTiles(q.Folder, t)
	}
	for _, one := range q.Inclusion {
		judgeInclusion(q, one)
	}
	for _, one := range q.Consistency {
		judgeConsistency(q, one)
	}
	return nil
}

func main() {
	var q question
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil {
		fault("question: %v", err)
	} else if err := judge(q); err != nil {
		fault("%v", err)
	}
	json.NewEncoder(os.Stdout).Encode(faults)
}
