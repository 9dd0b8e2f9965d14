// Reads profiles from standard input and says what Google's pprof library makes of each of them.
//
// A profile on the input is its length as four bytes, little-endian, and its bytes. An answer is one line of JSON:
// {"error": "…"} when the library refuses it, else one entry per sample type with the sum of all values, the number of
// lines of its folded text and the SHA-256 of that. In the folded text, as in testdata/README.md, names are joined root
// first, invalid UTF-8 is U+FFFD (a run of them is one), and an address without symbol is 0x and the address.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/google/pprof/profile"
)

type column struct {
	Type   string `json:"type"`
	Unit   string `json:"unit"`
	Total  string `json:"total"`
	Stacks int    `json:"stacks"`
	Sha256 string `json:"sha256"`
}

type answer struct {
	Error   string   `json:"error,omitempty"`
	Columns []column `json:"columns,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		var length uint32
		if err := binary.Read(in, binary.LittleEndian, &length); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			fail(err)
		}
		data := make([]byte, length)
		if _, err := io.ReadFull(in, data); err != nil {
			fail(err)
		}
		if err := out.Encode(judge(data)); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// judge does what profile.ParseData does, without the formats that came before pprof.
func judge(data []byte) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			result = answer{Error: fmt.Sprint("panic: ", problem)}
		}
	}()
	if len(data) >= 2 && data[0] == 0x1f && data[1] == 0x8b {
		plain, err := gunzip(data)
		if err != nil {
			return answer{Error: "gzip: " + err.Error()}
		}
		data = plain
	}
	parsed, err := profile.ParseUncompressed(data)
	if err == nil {
		err = parsed.CheckValid()
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	for i, sampleType := range parsed.SampleType {
		result.Columns = append(result.Columns, fold(parsed, i, sampleType))
	}
	return result
}

func gunzip(data []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

func fold(parsed *profile.Profile, index int, sampleType *profile.ValueType) column {
	sums := map[string]int64{}
	total := int64(0)
	for _, sample := range parsed.Sample {
		value := sample.Value[index]
		total += value
		if value != 0 {
			sums[stackOf(sample)] += value
		}
	}
	lines := []string{}
	for stack, value := range sums {
		if value != 0 {
			lines = append(lines, stack+" "+strconv.FormatInt(value, 10)+"\n")
		}
	}
	sort.Strings(lines)
	hash := sha256.Sum256([]byte(strings.Join(lines, "")))
	return column{
		Type:   valid(sampleType.Type),
		Unit:   valid(sampleType.Unit),
		Total:  strconv.FormatInt(total, 10),
		Stacks: len(lines),
		Sha256: hex.EncodeToString(hash[:]),
	}
}

func stackOf(sample *profile.Sample) string {
	names := []string{}
	for i := len(sample.Location) - 1; i >= 0; i-- {
		location := sample.Location[i]
		if len(location.Line) == 0 {
			names = append(names, fmt.Sprintf("0x%x", location.Address))
		}
		for l := len(location.Line) - 1; l >= 0; l-- {
			function := location.Line[l].Function
			name := function.Name
			if name == "" {
				name = function.SystemName
			}
			names = append(names, valid(name))
		}
	}
	return strings.Join(names, ";")
}

// valid replaces what is not UTF-8 by U+FFFD, one for any number in a row.
func valid(text string) string {
	var result strings.Builder
	previous := rune(0)
	for _, char := range text {
		if char != '\ufffd' || previous != '\ufffd' {
			result.WriteRune(char)
		}
		previous = char
	}
	return result.String()
}
